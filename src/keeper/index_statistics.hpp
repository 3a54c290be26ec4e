// Scans and sizes of indexes. Only a process inside a database can see its indexes, so a database
// worker leaves the figures in the segment.
#pragma once

#include "core/segment.hpp"
#include "core/snapshot/snapshot.hpp"

namespace elile::keeper {

// Copies the figures from the segment into the current memory context. The copy is empty where they
// can't be read.
core::IndexStatistics* CopyIndexStatistics(const core::Segment& segment);

}  // namespace elile::keeper
