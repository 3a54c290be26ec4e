// Computes events per second over about the last minute.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace elile::exporter {

struct Totals {
    std::uint64_t at_ns;  // monotonic
    std::uint64_t queries;
    std::uint64_t slow;
    std::uint64_t failed;
};

struct Rates {
    double queries;
    double slow;
    double failed;
};

// Any thread may use it.
class RateWindow {
public:
    void Add(const Totals& totals);
    // Absent until there are two snapshots. After a reset it covers only what came since.
    std::optional<Rates> PerSecond() const;

private:
    static constexpr std::uint64_t kWindowNs = UINT64_C(60000000000);
    mutable std::mutex mutex_;
    std::deque<Totals> totals_;
};

}  // namespace elile::exporter
