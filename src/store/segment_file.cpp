#include "store/segment_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace elile::store {
namespace {

SegmentFile Failed(int file, const char* step, int error) noexcept {
    if (file >= 0) {
        close(file);
    }
    return {nullptr, -1, step, error};
}

// The seal forbids new mappings that write, the mode of the new descriptor forbids write(). A
// kernel before 5.1 lacks the seal; then the mode alone has to do.
int SealAndReopen(int file) noexcept {
    fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    return open(path, O_RDONLY | O_CLOEXEC);
}

}  // namespace

SegmentFile MakeSegmentFile(std::size_t bytes) noexcept {
    const int file = memfd_create("elile_optimize", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) {
        return Failed(file, "create", errno);
    }
    const int error = posix_fallocate(file, 0, static_cast<off_t>(bytes));
    if (error != 0) {
        return Failed(file, "allocate", error);
    }
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        return Failed(file, "map", errno);
    }
    const int read_only = SealAndReopen(file);
    close(file);
    return {memory, read_only, nullptr, 0};
}

}  // namespace elile::store
