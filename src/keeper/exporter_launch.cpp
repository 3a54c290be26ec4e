#include "keeper/exporter_launch.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/snapshot/exporter_link.hpp"

namespace elile::keeper {
namespace {

// Everything from here to execve() is async-signal-safe (signal-safety(7)): the child is a copy of
// a server process and must run none of its code.

constexpr int kFirstOther = 5;  // above the descriptors that the exporter is promised

void ResetSignals() {
    struct sigaction fresh = {};
    fresh.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) {
        sigaction(signal, &fresh, nullptr);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The postmaster may have been protected from the kernel's out-of-memory killer, and the exporter
// must not inherit that.
void ResetOomScore() {
    const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        const ssize_t written = write(file, "0", 1);
        static_cast<void>(written);
        close(file);
    }
}

// Puts each descriptor into its promised place. All are moved above those places first, so that
// none is overwritten before it has moved. The call that fails is the last one made, so errno is
// its own.
bool ArrangeDescriptors(int null, int segment, int link) {
    const int moved_null = fcntl(null, F_DUPFD_CLOEXEC, kFirstOther);
    if (moved_null < 0) {
        return false;
    }
    const int moved_segment = fcntl(segment, F_DUPFD_CLOEXEC, kFirstOther);
    if (moved_segment < 0) {
        return false;
    }
    const int moved_link = fcntl(link, F_DUPFD_CLOEXEC, kFirstOther);
    if (moved_link < 0) {
        return false;
    }
    return dup2(moved_link, core::kLinkDescriptor) >= 0 && dup2(moved_null, STDIN_FILENO) >= 0 &&
           dup2(moved_null, STDOUT_FILENO) >= 0 && dup2(moved_link, STDERR_FILENO) >= 0 &&
           dup2(moved_segment, core::kSegmentDescriptor) >= 0;
}

// The number that a name in /proc/self/fd stands for; -1 for "." and "..".
int NumberOf(const char* name) {
    constexpr int kDecimal = 10;
    int number = *name >= '0' && *name <= '9' ? 0 : -1;
    for (; *name >= '0' && *name <= '9'; ++name) {
        number = number * kDecimal + (*name - '0');
    }
    return number;
}

// Reads /proc/self/fd a page of getdents64(2) at a time. The kernel lists the numbers upwards and
// nobody opens anything meanwhile, so no descriptor is passed over.
bool CloseOneByOne() {
    struct Head {
        std::uint64_t inode;
        std::int64_t next;
        std::uint16_t length;
        std::uint8_t type;
    };
    constexpr std::size_t kNameAt = offsetof(Head, type) + 1;
    constexpr std::size_t kPage = 4096;
    alignas(Head) char page[kPage];
    const int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long bytes = 0;
    while ((bytes = syscall(SYS_getdents64, folder, page, kPage)) > 0) {
        Head head;
        for (const char* at = page; at < page + bytes; at += head.length) {
            memcpy(&head, at, sizeof(head));
            const int descriptor = NumberOf(at + kNameAt);
            if (descriptor >= kFirstOther && descriptor != folder) {
                close(descriptor);
            }
        }
    }
    const int error = errno;
    close(folder);
    errno = error;
    return bytes == 0;
}

// Linux has close_range(2) since 5.9, and a container may refuse it.
bool CloseOthers() {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, kFirstOther, ~0U, 0) == 0) {
        return true;
    }
#endif
    return CloseOneByOne();
}

// Sends the message that core::kStartFailed describes, with the present errno. `step` has less than
// 64 characters.
[[noreturn]] void Fail(int link, const char* step) {
    constexpr int kDecimal = 10;
    char digits[sizeof(int) * 3];
    char message[sizeof(digits) + 67];
    std::size_t length = 0;
    std::size_t count = 0;
    for (int error = errno; error > 0; error /= kDecimal) {
        digits[count++] = static_cast<char>('0' + error % kDecimal);
    }
    message[length++] = core::kStartFailed;
    for (; *step != '\0'; ++step) {
        message[length++] = *step;
    }
    message[length++] = '\n';
    while (count > 0) {
        message[length++] = digits[--count];
    }
    const ssize_t sent = send(link, message, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    static_cast<void>(sent);
    _exit(core::kNotStarted);
}

[[noreturn]] void BecomeExporter(const char* program, int segment, int link) {
    ResetSignals();
    ResetOomScore();
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) {
        Fail(link, "open /dev/null");
    }
    if (!ArrangeDescriptors(null, segment, link)) {
        Fail(link, "arrange its descriptors");
    }
    if (!CloseOthers()) {
        Fail(core::kLinkDescriptor, "close what it inherited, by /proc");
    }
    if (chdir("/") != 0) {
        Fail(core::kLinkDescriptor, "change to directory /");
    }
    char* const arguments[] = {const_cast<char*>("elile_optimize_exporter"), nullptr};
    char* const environment[] = {nullptr};
    execve(program, arguments, environment);
    Fail(core::kLinkDescriptor, core::kExecuteProgram);
}

}  // namespace

pid_t LaunchExporter(const char* program, int segment, int link) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t child = fork();
    if (child == 0) {
        BecomeExporter(program, segment, link);
    }
    const int error = errno;
    sigprocmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return child;
}

}  // namespace elile::keeper
