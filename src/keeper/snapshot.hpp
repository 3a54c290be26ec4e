// Publishes the snapshot of statistics and sessions that the exporter shows.
#pragma once

namespace elile::core {
struct Segment;
struct SnapshotHead;
}  // namespace elile::core

namespace elile::keeper {

// Takes and publishes a snapshot, reading shared memory only. Returns it, with its series behind
// it. While somebody folds or resets it returns the one before. The first call allocates all the
// memory it needs, and raises an error when there is none.
const core::SnapshotHead& TakeSnapshot(core::Segment& segment);

// The last snapshot that was taken; null before the first.
const core::SnapshotHead* LastSnapshot();

}  // namespace elile::keeper
