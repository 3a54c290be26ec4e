#include "core/pools/observed.hpp"

#include <algorithm>

namespace elile::core {

std::uint32_t ObservedPools::Find(const PoolKey& key) const noexcept {
    for (std::uint32_t place = 0; place < used; ++place) {
        if (pools[place].key == key) {
            return place;
        }
    }
    return kOtherPools;
}

std::uint32_t ObservedPools::PlaceToGive(std::uint64_t now_us) const noexcept {
    std::uint32_t least = kOtherPools;
    for (std::uint32_t place = 0; place < used; ++place) {
        const ObservedPool& pool = pools[place];
        if (pool.sessions == 0 && pool.last_seen_us != now_us &&
            (least == kOtherPools || pool.Looks() < pools[least].Looks())) {
            least = place;
        }
    }
    return least;
}

std::uint32_t ObservedPools::PlaceFor(const PoolKey& key, std::uint64_t now_us) noexcept {
    const std::uint32_t found = Find(key);
    if (found != kOtherPools) {
        return found;
    }
    std::uint32_t place = used;
    if (used < kPools) {
        ++used;
    } else {
        place = PlaceToGive(now_us);
        if (place == kOtherPools) {
            return kOtherPools;
        }
        ObservedPool& others = pools[kOtherPools];
        others.opened += pools[place].opened;
        others.peak_checked_out = std::max(others.peak_checked_out, pools[place].peak_checked_out);
        ++put_aside;
    }
    pools[place] = {};
    pools[place].key = key;
    pools[place].first_seen_us = now_us;
    pools[place].last_seen_us = now_us;
    return place;
}

void ObservedPools::ForgetOld(std::uint64_t now_us) noexcept {
    for (std::uint32_t place = used; place-- > 0;) {
        if (pools[place].sessions == 0 && pools[place].last_seen_us + kPoolLifeUs < now_us) {
            pools[place] = pools[--used];
        }
    }
}

}  // namespace elile::core
