#include "core/pools/refusals.hpp"

#include <algorithm>

#include "core/shared/hash.hpp"

namespace elile::core {
namespace {

std::uint64_t KeyOf(const char* database, const char* user, const char* application) noexcept {
    std::uint64_t hash = 0;
    for (const char* name : {database, user, application}) {
        for (; *name != '\0'; ++name) {
            hash = Mix(hash ^ static_cast<unsigned char>(*name));
        }
        hash = Mix(hash ^ 0x100);
    }
    return hash | 1;
}

constexpr std::uint64_t kUsPerSecond = 1000 * 1000;

constexpr std::uint32_t SecondOf(std::uint64_t now_us) noexcept {
    return static_cast<std::uint32_t>(now_us / kUsPerSecond);
}

bool IsOver(std::uint64_t second_and_count, std::uint64_t now_us) noexcept {
    return ((second_and_count >> 32) + 1) * kUsPerSecond + kRefusalLifeUs < now_us;
}

}  // namespace

// Whoever takes a place that is over leaves its count as it is: the next refusal begins anew. Two
// that take at once may take a place each, so Read() adds them up.
Refusal* Refusals::FindOrClaim(std::uint64_t key, std::uint64_t now_us) noexcept {
    Refusal* over = nullptr;
    std::uint64_t seen = 0;
    for (Refusal& refusal : shared_->refusals) {
        const std::uint64_t held = Get(refusal.key);
        if (held == key) {
            return &refusal;
        }
        if (over == nullptr && IsOver(Get(refusal.second_and_count), now_us)) {
            over = &refusal;
            seen = held;
        }
    }
    if (over == nullptr) {
        return nullptr;
    }
    // Another process may have just taken it for the same names.
    return over->key.compare_exchange_strong(seen, key, std::memory_order_relaxed) || seen == key
               ? over
               : nullptr;
}

void Refusals::Note(const char* database, const char* user, const char* application,
                    std::uint64_t now_us) noexcept {
    Add(shared_->sum, 1);
    Refusal* refusal = FindOrClaim(KeyOf(database, user, application), now_us);
    if (refusal == nullptr) {
        return;
    }
    // Whether a new count begins is known from the word that is counted in, so nobody's is lost.
    Word& counted = refusal->second_and_count;
    std::uint64_t seen = Get(counted);
    std::uint64_t wanted = 0;
    do {
        const std::uint32_t count = IsOver(seen, now_us) ? 0 : static_cast<std::uint32_t>(seen);
        wanted = std::uint64_t{SecondOf(now_us)} << 32 | (count + 1);
    } while (!counted.compare_exchange_weak(seen, wanted, std::memory_order_relaxed));
    if (static_cast<std::uint32_t>(wanted) == 1) {
        Put(refusal->first_us, now_us);
    }
}

RefusalCounts Refusals::Read(const char* database, const char* user, const char* application,
                             std::uint64_t now_us) const noexcept {
    const std::uint64_t key = KeyOf(database, user, application);
    RefusalCounts sum{0, 0};
    for (const Refusal& refusal : shared_->refusals) {
        const std::uint64_t counted = Get(refusal.second_and_count);
        if (Get(refusal.key) == key && !IsOver(counted, now_us)) {
            const std::uint64_t first_us = Get(refusal.first_us);
            sum.first_us = sum.count == 0 ? first_us : std::min(sum.first_us, first_us);
            sum.count += static_cast<std::uint32_t>(counted);
        }
    }
    return sum;
}

bool Refusals::ReadAt(std::uint32_t index, SavedRefusals* refusals) const noexcept {
    const Refusal& refusal = shared_->refusals[index];
    const std::uint64_t counted = Get(refusal.second_and_count);
    *refusals = {Get(refusal.key), static_cast<std::uint32_t>(counted >> 32),
                 static_cast<std::uint32_t>(counted), Get(refusal.first_us)};
    return refusals->key != 0 && refusals->count != 0;
}

void Refusals::Restore(const SavedRefusals& saved) noexcept {
    const std::uint64_t saved_us = saved.second * kUsPerSecond;
    Refusal* refusal = FindOrClaim(saved.key, saved_us);
    if (refusal == nullptr) {
        return;
    }
    Word& counted = refusal->second_and_count;
    std::uint64_t seen = Get(counted);
    std::uint64_t wanted = 0;
    bool is_first = false;
    do {
        const std::uint64_t second = seen >> 32;
        is_first = IsOver(seen, saved_us);
        if (!is_first && IsOver(std::uint64_t{saved.second} << 32, second * kUsPerSecond)) {
            return;
        }
        const std::uint64_t count =
            (is_first ? 0 : static_cast<std::uint32_t>(seen)) + std::uint64_t{saved.count};
        wanted = std::max<std::uint64_t>(second, saved.second) << 32 |
                 std::min<std::uint64_t>(count, UINT32_MAX);
    } while (!counted.compare_exchange_weak(seen, wanted, std::memory_order_relaxed));
    if (is_first || Get(refusal->first_us) > saved.first_us) {
        Put(refusal->first_us, saved.first_us);
    }
}

}  // namespace elile::core
