#include "exporter/sandbox.hpp"

#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <memory>

namespace elile::exporter {
namespace {

struct Release {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

constexpr int kAllowed[] = {
    // memory, threads, time
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    SCMP_SYS(mprotect), SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid), SCMP_SYS(getpid),
    SCMP_SYS(getppid), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(tgkill),
    SCMP_SYS(restart_syscall), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
    SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(prctl), SCMP_SYS(prlimit64),
    // files that are open, and their state; openat() is not among them
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(fcntl),
    SCMP_SYS(ioctl), SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
    // sockets; connect() is not among them
    SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(shutdown),
    SCMP_SYS(socketpair), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait)};

// Allows clone() for threads and not for processes. clone3() stays forbidden, for filters cannot
// see its flags; glibc does without it.
int AllowThreads(scmp_filter_ctx filter) {
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

// Allows setpriority() only for the thread that calls it.
int AllowLowerPriority(scmp_filter_ctx filter) {
    const scmp_arg_cmp is_thread{0, SCMP_CMP_EQ, PRIO_PROCESS, 0};
    const scmp_arg_cmp is_self{1, SCMP_CMP_EQ, 0, 0};
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setpriority), 2, is_thread, is_self);
}

int AllowSockets(scmp_filter_ctx filter, int family) {
    const scmp_arg_cmp is_family{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(family), 0};
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, is_family);
}

// Installs the filter; a call that is not allowed fails as if the kernel did not have it. Returns
// an errno.
int LimitSystemCalls() {
    const Filter filter(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
    if (filter == nullptr) {
        return ENOMEM;
    }
    // Without this the library would return ECANCELED whatever the kernel's error is.
    seccomp_attr_set(filter.get(), SCMP_FLTATR_API_SYSRAWRC, 1);
    int error = 0;
    for (const int call : kAllowed) {
        // A call that this architecture lacks needs no rule.
        const int of_call = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
        error = error == 0 && of_call != -EDOM ? of_call : error;
    }
    error = error == 0 ? AllowThreads(filter.get()) : error;
    error = error == 0 ? AllowLowerPriority(filter.get()) : error;
    error = error == 0 ? AllowSockets(filter.get(), AF_INET) : error;
    error = error == 0 ? AllowSockets(filter.get(), AF_INET6) : error;
    error = error == 0 ? seccomp_load(filter.get()) : error;
    return -error;
}

}  // namespace

int EnterSandbox() {
    const rlimit none{0, 0};
    std::signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    // The library would set this flag itself, but would not tell why that failed.
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return errno;
    }
    return LimitSystemCalls();
}

}  // namespace elile::exporter
