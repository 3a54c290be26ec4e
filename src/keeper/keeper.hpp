// The keeper: the background worker that tends the statistics segment.
//
// It reads and mends shared memory only; it has no database and takes no lock. It starts with the
// postmaster, before recovery, so that a segment that outlived a crash is mended before sessions
// come. The exporter is its child.
#pragma once

namespace elile::keeper {

// Only while shared_preload_libraries is processed.
void RegisterKeeper();

// The worker's life, until it is asked to end.
void KeepStore();

}  // namespace elile::keeper
