// The memory file behind the segment. A process that gets the file's descriptor can read and can
// never write. It needs no part of the server, so a unit test can try that.
#pragma once

#include <cstddef>

namespace elile::store {

struct SegmentFile {
    void* memory;             // null when it could not be made
    int read_only;            // descriptor for those who may only read; -1: none
    const char* failed_step;  // null when both are there, else as in "could not create"
    int error;                // errno of the failed step
};

// Makes the file and takes every page at once: memory that runs out later would end a session with
// SIGBUS. The memory stays writable here and in all children by fork; nobody can map it for writing
// again. Where the system refuses such a file, but not the memory, there is memory without a file.
// Then only children by fork reach it.
SegmentFile MakeSegmentFile(std::size_t bytes) noexcept;

}  // namespace elile::store
