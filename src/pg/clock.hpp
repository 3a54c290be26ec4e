// The monotonic clock that durations are measured by.
#pragma once

#include <ctime>

#include <cstdint>

namespace elile::pg {

inline std::uint64_t MonotonicNs() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000000000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace elile::pg
