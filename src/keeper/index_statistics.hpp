// Scans and sizes of indexes. Only a process inside a database can see its indexes, so a database
// worker leaves the figures in the segment.
#pragma once

namespace elile::core {
struct IndexStatistics;
struct Segment;
}  // namespace elile::core

namespace elile::keeper {

// Copies the figures from the segment into the current memory context. The copy is empty where they
// can't be read.
core::IndexStatistics* CopyIndexStatistics(const core::Segment& segment);

}  // namespace elile::keeper
