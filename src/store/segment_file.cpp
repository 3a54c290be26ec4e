#include "store/segment_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace elile::store {
namespace {

// The system's headers may be too old to have these.
constexpr unsigned kNoExecSeal = 0x0008U;  // MFD_NOEXEC_SEAL, Linux 6.3
constexpr int kPopulateWrite = 23;         // MADV_POPULATE_WRITE, Linux 5.14

SegmentFile Failed(int file, const char* step, int error) noexcept {
    if (file >= 0) {
        close(file);
    }
    return {nullptr, -1, step, error};
}

bool IsWantOfMemory(int error) noexcept { return error == ENOMEM || error == ENOSPC; }

// With vm.memfd_noexec the kernel refuses a file that could be made executable.
int CreateFile() noexcept {
    constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    const int file = memfd_create("elile_optimize", kFlags | kNoExecSeal);
    return file < 0 && errno == EINVAL ? memfd_create("elile_optimize", kFlags) : file;
}

// Returns an errno. The limit on the size of files holds for this one too, although it takes no
// disk. It is lifted meanwhile as far as it may be.
int AllocateFile(int file, std::size_t bytes) noexcept {
    rlimit before{};
    const bool has_limit = getrlimit(RLIMIT_FSIZE, &before) == 0;
    const rlimit lifted{before.rlim_max, before.rlim_max};
    const bool is_lifted = has_limit && setrlimit(RLIMIT_FSIZE, &lifted) == 0;
    int error = EINTR;
    while (error == EINTR) {
        error = posix_fallocate(file, 0, static_cast<off_t>(bytes));
    }
    if (is_lifted) {
        setrlimit(RLIMIT_FSIZE, &before);
    }
    return error;
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

SegmentFile MakeInFile(std::size_t bytes) noexcept {
    const int file = CreateFile();
    if (file < 0) {
        return Failed(file, "create", errno);
    }
    const int error = AllocateFile(file, bytes);
    if (error != 0) {
        return Failed(file, "allocate", error);
    }
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        return Failed(file, "map", errno);
    }
    const int read_only = SealAndReopen(file);
    const int open_error = errno;
    close(file);
    if (read_only < 0) {
        return {memory, -1, "open by /proc", open_error};
    }
    return {memory, read_only, nullptr, 0};
}

// `refused` is why there is no file. A kernel that cannot take the pages now takes them when they
// are used, as it does those of the server's own shared memory.
SegmentFile MakeWithoutFile(std::size_t bytes, const SegmentFile& refused) noexcept {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return Failed(-1, "map", errno);
    }
    if (madvise(memory, bytes, kPopulateWrite) != 0 && IsWantOfMemory(errno)) {
        const int error = errno;
        munmap(memory, bytes);
        return Failed(-1, "allocate", error);
    }
    return {memory, -1, refused.failed_step, refused.error};
}

}  // namespace

SegmentFile MakeSegmentFile(std::size_t bytes) noexcept {
    const SegmentFile file = MakeInFile(bytes);
    return file.memory != nullptr || IsWantOfMemory(file.error) ? file
                                                                : MakeWithoutFile(bytes, file);
}

}  // namespace elile::store
