// Publishes what the exporter shows: a snapshot of the statistics and of the sessions.
#pragma once

#include "core/statements/store.hpp"

namespace elile::keeper {

// Reads shared memory only. Allocates its room once; an error when there is none. Returns the
// snapshot, its series behind it: the last one when somebody folds at the moment.
const core::SnapshotHead& TakeSnapshot(core::Segment& segment);

// The last one; null before the first.
const core::SnapshotHead* LastSnapshot();

}  // namespace elile::keeper
