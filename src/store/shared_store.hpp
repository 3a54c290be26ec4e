// The store that all server processes share, over a segment of its own.
//
// The segment is an anonymous memory file that the postmaster maps when it starts and every server
// process inherits by fork. PostgreSQL's own shared memory is made anew after a crash; this one
// lives on. After a crash the postmaster only raises the generation, since a fault in it would end
// the server; the keeper mends the segment, and until it has nobody counts.
#pragma once

#include <cstddef>

#include "core/statements/store.hpp"
#include "store/segment_file.hpp"

namespace elile::store {

// Installs the hook that makes the segment at server start.
void InstallSharedStore();

// This process's view of the segment, or null when the library was not loaded at server start. Also
// for a process that has no place among the server's and so no store.
core::Segment* SharedSegment();

// The same, for SQL functions: an error when there is none.
core::Segment& RequireSegment();

// This process's store; null until AttachStore() has made it.
extern core::StatementStore* attached_store;
core::StatementStore* AttachStore();

// This process's store, or null when the library was not loaded at server start.
inline core::StatementStore* SharedStore() {
    return attached_store != nullptr ? attached_store : AttachStore();
}

core::StatementStore& RequireSharedStore();

// Whether there is nothing to be repaired, beside which nobody may write; if there is, that is
// counted.
bool MayWrite(const core::Segment& segment);

// For who could not have the gate. An error when a crash was not repaired for several seconds.
void PauseBeforeGate(const core::Segment& segment, int* pauses);

// Holds the store still for a reader: nothing is folded or reset until LeaveStore. Waits, and can
// be cancelled, while somebody folds. Nothing may raise an error in between.
void EnterStore(const core::Segment& segment);
void LeaveStore(const core::Segment& segment);

// Shared memory that all of it takes, the runs that wait to be written down included.
std::size_t SharedBytes();

// The segment's memory file: its descriptor for reading, or why the system gave none.
const SegmentFile& OwnSegmentFile();

}  // namespace elile::store
