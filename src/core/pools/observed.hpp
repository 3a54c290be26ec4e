// To the server a pool is the sessions of one user in one database under one application_name.
//
// Pools are plain data in the keeper's own memory, published once a second. A reader has a copy of
// its own, in which it may find and add in the same way.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "core/pools/window.hpp"
#include "core/shared/names.hpp"

namespace elile::core {

inline constexpr std::uint32_t kPools = 256;
inline constexpr std::uint32_t kOtherPools = kPools;  // the place of all that have none
// So long are an absent pool and its busiest window remembered.
inline constexpr std::uint64_t kPoolLifeUs = UINT64_C(24) * 3600 * 1000 * 1000;

struct PoolKey {
    std::uint32_t dbid;
    std::uint32_t userid;
    char application[kNameBytes];  // padded with zeros

    bool operator==(const PoolKey&) const noexcept = default;
};

struct ObservedPool {
    PoolKey key;
    std::uint64_t first_seen_us;  // microseconds since 2000-01-01 UTC
    std::uint64_t last_seen_us;   // with a session, or one that had just ended
    std::uint64_t opened;         // connections, since first seen
    std::uint32_t sessions;       // at the last look
    std::uint32_t peak_checked_out;
    PoolWindow current;
    PoolWindow busiest;  // of the last day; empty until one was closed
    PoolFigures last;    // of the window that was closed last

    std::uint64_t Looks() const noexcept {
        return std::uint64_t{current.figures.looks} + last.looks + busiest.figures.looks;
    }
};

struct ObservedPools {
    std::uint64_t stats_since_us;  // the header's, when it was begun
    std::uint64_t looked_at_us;
    std::uint64_t look_ns;    // what the last look took
    std::uint64_t put_aside;  // sessions and pools summed as other at this look
    std::uint32_t used;       // places in use, without that of the others
    std::uint32_t unused;
    std::array<ObservedPool, kPools + 1> pools;

    // Returns the pool's place. When all are taken, a new pool takes that of the one seen least,
    // among those without a session now. The counts of the old one go to the others. Returns
    // kOtherPools when no pool can give way.
    std::uint32_t PlaceFor(const PoolKey& key, std::uint64_t now_us) noexcept;
    // Returns kOtherPools when it has none.
    std::uint32_t Find(const PoolKey& key) const noexcept;
    // Forgets pools that were absent for kPoolLifeUs.
    void ForgetOld(std::uint64_t now_us) noexcept;

private:
    std::uint32_t PlaceToGive(std::uint64_t now_us) const noexcept;
};
static_assert(std::is_trivially_copyable_v<ObservedPools> && sizeof(ObservedPools) % 8 == 0);

}  // namespace elile::core
