// A window is what was seen of one pool of sessions for a while. It has sums over looks, and how
// many sessions were needed at once.
//
// A look is one glance at the server's table of sessions, ten a second. Looks at which a pool had
// no session and opened none are not its own: they are in none of its figures. Looks at which
// nobody used or wanted a connection are idle ones, which say nothing of the size that it needs.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace elile::core {

inline constexpr std::uint64_t kLookIntervalUs = 100'000;
inline constexpr std::uint64_t kWindowUs = UINT64_C(600) * 1000 * 1000;
// Fewer looks than those of half a minute say nothing of the hundredth part.
inline constexpr std::uint32_t kLooksNeeded = 300;

// Buckets are exact below 64, then 16 to the doubling: at most 6.25 % off. The last bucket begins
// above the most sessions that a server can have (2^18).
class DemandBuckets {
public:
    static constexpr std::uint32_t kExact = 64;
    static constexpr std::uint32_t kToTheDoubling = 16;
    static constexpr std::size_t kCount = 257;

    static constexpr std::size_t Of(std::uint32_t demand) noexcept {
        if (demand < kExact) {
            return demand;
        }
        const auto exponent = static_cast<std::uint32_t>(std::bit_width(demand)) - 1;
        const std::uint32_t part = demand >> (exponent - 4) & (kToTheDoubling - 1);
        return std::min<std::size_t>(kExact + (exponent - 6) * kToTheDoubling + part, kCount - 1);
    }
    // Returns the largest demand that is in the bucket.
    static constexpr std::uint32_t LargestIn(std::size_t bucket) noexcept {
        if (bucket < kExact) {
            return static_cast<std::uint32_t>(bucket);
        }
        const auto above = static_cast<std::uint32_t>(bucket) - kExact;
        const std::uint32_t exponent = above / kToTheDoubling + 6;
        const std::uint32_t part = above % kToTheDoubling;
        return (1U << exponent) + (part + 1) * (1U << (exponent - 4)) - 1;
    }
};

struct PoolFigures {
    std::uint64_t begun_at_us;  // microseconds since 2000-01-01 UTC; 0: nothing seen yet
    std::uint64_t ended_at_us;  // the last look
    std::uint32_t looks;
    std::uint32_t busy_looks;     // at which a connection was used or waited for
    std::uint32_t waiting_looks;  // at which clients waited, as somebody told
    std::uint32_t full_looks;     // at which each session was checked out
    std::uint32_t peak_sessions;
    std::uint32_t peak_demand;     // checked out and waiting
    std::uint64_t sessions;        // sum over looks
    std::uint64_t checked_out;     // sum over looks
    std::uint64_t waiting;         // sum over looks
    std::uint64_t in_transaction;  // idle in one; part of checked_out
    std::uint64_t lingering;       // idle in one for longer than kLingerUs; part of in_transaction
    std::uint64_t opened;          // connections
    std::uint64_t transactions;    // which checked a connection out

    bool IsEnough() const noexcept { return looks >= kLooksNeeded; }
    double BusySeconds() const noexcept {
        return static_cast<double>(busy_looks) * static_cast<double>(kLookIntervalUs) / 1e6;
    }
    double Seconds() const noexcept {
        return static_cast<double>(looks) * static_cast<double>(kLookIntervalUs) / 1e6;
    }
    // Returns the connections in use or waited for, on average over the busy looks.
    double MeanDemand() const noexcept {
        return busy_looks == 0
                   ? 0
                   : static_cast<double>(checked_out + waiting) / static_cast<double>(busy_looks);
    }
};

struct PoolWindow {
    PoolFigures figures;
    std::array<std::uint16_t, DemandBuckets::kCount> busy_looks_at;  // by demand
    std::array<std::uint16_t, 3> unused;

    void Add(std::uint32_t demand) noexcept {
        std::uint16_t& count = busy_looks_at[DemandBuckets::Of(demand)];
        count = static_cast<std::uint16_t>(std::min(count + 1, 65535));
    }
    // Returns the demand that this share of the busy looks did not exceed, or 0 when there are
    // none.
    std::uint32_t Quantile(double share) const noexcept {
        std::uint64_t all = 0;
        for (const std::uint16_t count : busy_looks_at) {
            all += count;
        }
        const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all)));
        std::uint64_t passed = 0;
        for (std::size_t bucket = 0; bucket < busy_looks_at.size(); ++bucket) {
            passed += busy_looks_at[bucket];
            if (passed >= rank) {
                return std::min(DemandBuckets::LargestIn(bucket), figures.peak_demand);
            }
        }
        return figures.peak_demand;
    }
};
static_assert(std::is_trivially_copyable_v<PoolWindow> && sizeof(PoolWindow) % 8 == 0);

}  // namespace elile::core
