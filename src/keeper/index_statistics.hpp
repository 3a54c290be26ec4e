// Scans and sizes of indexes, which only a process inside their database can see: a worker that
// looks leaves them in the segment.
#pragma once

#include "core/segment.hpp"
#include "core/snapshot/snapshot.hpp"

namespace elile::keeper {

// What was left there, in the present memory context; empty where that can't be read.
core::SampledIndexes* CopyIndexStatistics(const core::Segment& segment);

}  // namespace elile::keeper
