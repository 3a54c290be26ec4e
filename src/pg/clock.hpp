// Reads the clocks by which durations are measured.
#pragma once

#include <ctime>

#include <cstdint>

namespace elile::pg {

inline std::uint64_t ClockNs(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000000000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

inline std::uint64_t MonotonicNs() { return ClockNs(CLOCK_MONOTONIC); }

// Returns the processor time that this thread has used, in ns. It takes a system call.
inline std::uint64_t ThreadNs() { return ClockNs(CLOCK_THREAD_CPUTIME_ID); }

// Returns the processor time that this process has used, in ns.
inline std::uint64_t ProcessorNs() { return ClockNs(CLOCK_PROCESS_CPUTIME_ID); }

// Returns the wall clock's time since 1970-01-01 UTC.
inline std::uint64_t WallNs() { return ClockNs(CLOCK_REALTIME); }

// A look at the processor's own counter, which takes an instruction where a clock takes fifty. How
// long a tick is, differs between machines.
struct Ticks {
    std::uint32_t low;
    std::uint32_t high;

    std::uint64_t Count() const { return std::uint64_t{high} << 32 | low; }
};

inline Ticks TicksNow() {
    Ticks now;
#if defined(__x86_64__)
    asm volatile("rdtsc" : "=a"(now.low), "=d"(now.high));
#else
    std::uint64_t count;
#if defined(__aarch64__)
    asm volatile("mrs %0, cntvct_el0" : "=r"(count));
#else
    count = MonotonicNs();
#endif
    now = {static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(count >> 32)};
#endif
    return now;
}

}  // namespace elile::pg
