// The server's time of day, as the segment has it.
#pragma once

#include <ctime>

#include <cstdint>

namespace elile::exporter {

inline constexpr std::uint64_t kPostgresEpoch = 946684800;  // 2000-01-01, in Unix time

// Returns microseconds since 2000-01-01 UTC.
inline std::uint64_t NowPostgresUs() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return (static_cast<std::uint64_t>(now.tv_sec) - kPostgresEpoch) * 1000000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace elile::exporter
