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

bool IsOver(const Refusal& refusal, std::uint64_t now_us) noexcept {
    return Get(refusal.last_us) + kRefusalLifeUs < now_us;
}

}  // namespace

Refusal* Refusals::FindOrClaim(std::uint64_t key, std::uint64_t now_us) noexcept {
    Refusal* over = nullptr;
    for (Refusal& refusal : shared_->refusals) {
        if (Get(refusal.key) == key) {
            return &refusal;
        }
        if (over == nullptr && IsOver(refusal, now_us)) {
            over = &refusal;
        }
    }
    std::uint64_t seen = over != nullptr ? Get(over->key) : 0;
    if (over == nullptr) {
        return nullptr;
    }
    if (seen == key || !over->key.compare_exchange_strong(seen, key)) {
        return seen == key ? over : nullptr;  // another process has just taken it for the same
    }
    Put(over->last_us, 0);
    return over;
}

void Refusals::Note(const char* database, const char* user, const char* application,
                    std::uint64_t now_us) noexcept {
    Add(shared_->sum, 1);
    Refusal* refusal = FindOrClaim(KeyOf(database, user, application), now_us);
    if (refusal == nullptr) {
        return;
    }
    if (IsOver(*refusal, now_us)) {
        Put(refusal->count, 0);
        Put(refusal->first_us, now_us);
    }
    Put(refusal->last_us, now_us);
    Add(refusal->count, 1);
}

RefusalCounts Refusals::Read(const char* database, const char* user, const char* application,
                             std::uint64_t now_us) const noexcept {
    const std::uint64_t key = KeyOf(database, user, application);
    for (const Refusal& refusal : shared_->refusals) {
        if (Get(refusal.key) == key && !IsOver(refusal, now_us)) {
            return {Get(refusal.count), Get(refusal.first_us)};
        }
    }
    return {0, 0};
}

}  // namespace elile::core
