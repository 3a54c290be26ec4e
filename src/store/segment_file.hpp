// The memory file behind the segment. No part of the server, so that a test can hold it to its
// word: who gets the file's descriptor reads, and can never write.
#pragma once

#include <cstddef>

namespace elile::store {

struct SegmentFile {
    void* memory;             // null when it could not be made
    int read_only;            // a descriptor for who may only read; -1: none could be had
    const char* failed_step;  // null when both are there, else what could not be done: "create"
    int error;                // errno of the failed step
};

// Takes every page now: memory that runs out later would end a session with SIGBUS. The memory
// stays writable here and in all children by fork; nobody can map it for writing again. Where the
// system refuses such a file, not the memory, it is memory that only children by fork can reach.
SegmentFile MakeSegmentFile(std::size_t bytes) noexcept;

}  // namespace elile::store
