// The keeper: the background worker that tends the statistics segment.
//
// It reads and mends shared memory only; it has no database and takes no lock. It starts with the
// postmaster, before recovery, so that a segment that outlived a crash is mended before sessions
// come. The exporter is its child process.
#pragma once

namespace elile::keeper {

// May be called only while shared_preload_libraries is processed.
void RegisterKeeper();

// Does the keeper's work until it is asked to end.
void KeepStore();

}  // namespace elile::keeper
