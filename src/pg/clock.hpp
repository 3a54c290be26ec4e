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

}  // namespace elile::pg
