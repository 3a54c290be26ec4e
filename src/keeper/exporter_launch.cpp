#include "keeper/exporter_launch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/exporter_link.hpp"

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

// The postmaster may have been protected from the kernel's killer; the exporter is not worth that.
void ResetOomScore() {
    const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        const ssize_t written = write(file, "0", 1);
        static_cast<void>(written);
        close(file);
    }
}

// First out of the way, so that none is overwritten before it has been moved.
bool ArrangeDescriptors(int segment, int link) {
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int moved_null = fcntl(null, F_DUPFD_CLOEXEC, kFirstOther);
    const int moved_segment = fcntl(segment, F_DUPFD_CLOEXEC, kFirstOther);
    const int moved_link = fcntl(link, F_DUPFD_CLOEXEC, kFirstOther);
    return dup2(moved_null, STDIN_FILENO) >= 0 && dup2(moved_null, STDOUT_FILENO) >= 0 &&
           dup2(moved_null, STDERR_FILENO) >= 0 &&
           dup2(moved_segment, core::kSegmentDescriptor) >= 0 &&
           dup2(moved_link, core::kLinkDescriptor) >= 0 && close_range(kFirstOther, ~0U, 0) == 0;
}

[[noreturn]] void BecomeExporter(const char* program, int segment, int link) {
    constexpr int kFailed = 127;
    ResetSignals();
    ResetOomScore();
    if (ArrangeDescriptors(segment, link) && chdir("/") == 0) {
        char* const arguments[] = {const_cast<char*>("elile_optimize_exporter"), nullptr};
        char* const environment[] = {nullptr};
        execve(program, arguments, environment);
    }
    _exit(kFailed);
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
