// Makes the segment and the store in it, which all server processes share.
//
// The segment is an anonymous memory file that the postmaster maps when it starts and every server
// process inherits by fork. PostgreSQL makes its own shared memory anew after a crash; this segment
// lives on. The postmaster then only raises the generation, since a fault in it would end the
// server. The keeper mends the segment, and until it has done so nobody counts.
#pragma once

#include <cstddef>

#include "store/segment_file.hpp"

namespace elile::core {
struct Segment;
class StatementStore;
}  // namespace elile::core

namespace elile::store {

// Installs the hook that makes the segment at server start. `restores` says that a process will
// add to it what was saved.
void InstallSharedStore(bool restores);

// Returns this process's view of the segment, or null when the library was not loaded at server
// start. A process that has no place among the server's, and so no store, gets it too.
core::Segment* SharedSegment();

// Returns the segment to SQL functions. Raises an error when there is none.
core::Segment& RequireSegment();

// The process's store; null until AttachStore() has made it.
extern core::StatementStore* attached_store;
core::StatementStore* AttachStore();

// Returns the process's store, or null when the library was not loaded at server start.
inline core::StatementStore* SharedStore() {
    return attached_store != nullptr ? attached_store : AttachStore();
}

core::StatementStore& RequireSharedStore();

// Whether no repair is due, during which nobody may write. Counts a refusal.
bool MayWrite(const core::Segment& segment);

// Pauses a caller who could not have the gate. Raises an error when a crash was not repaired for
// several seconds.
void PauseBeforeGate(const core::Segment& segment, int* pauses);

// Holds the store still for a reader: nothing is folded or reset until LeaveStore(). It waits, and
// can be cancelled, while somebody folds. Nothing may raise an error before LeaveStore().
void EnterStore(const core::Segment& segment);
void LeaveStore(const core::Segment& segment);
// The same for a worker that comes again later: it raises nothing, and returns false after so many
// tries, 50 us apart.
bool TryEnterStore(const core::Segment& segment, int tries);

// Returns the bytes of all our shared memory, those of the waiting runs included.
std::size_t SharedBytes();

// The segment's memory file: its descriptor for reading, or why the system gave none.
const SegmentFile& OwnSegmentFile();

}  // namespace elile::store
