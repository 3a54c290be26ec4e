#include "core/indexes/board.hpp"

#include "core/shared/seam.hpp"

namespace elile::core {

bool BuildBoard::Want(std::uint32_t dbid) noexcept {
    for (const HalfWord& wanted : wanted_) {
        if (wanted.load(std::memory_order_acquire) == dbid) {
            return true;
        }
    }
    for (HalfWord& wanted : wanted_) {
        std::uint32_t none = 0;
        // Another session may have put it there just now.
        if (wanted.compare_exchange_strong(none, dbid, std::memory_order_acq_rel) || none == dbid) {
            return true;
        }
    }
    return false;
}

std::uint32_t BuildBoard::Take(std::uint64_t key, std::uint32_t limit) noexcept {
    if (taken_.fetch_add(1, std::memory_order_acq_rel) < limit) {
        for (std::uint32_t slot = 0; slot < kBuildSlots; ++slot) {
            std::uint64_t none = 0;
            if (slots_[slot].key.compare_exchange_strong(none, key, std::memory_order_acq_rel)) {
                return slot;
            }
        }
    }
    taken_.fetch_sub(1, std::memory_order_acq_rel);
    return kBuildSlots;
}

// Builder and keeper may both free it. The one that does has the slot to itself while it clears the
// pid: who takes it next sets its own.
void BuildBoard::Free(std::uint32_t slot, std::uint64_t key) noexcept {
    constexpr std::uint64_t kBeingFreed = UINT64_MAX;
    if (slots_[slot].key.compare_exchange_strong(key, kBeingFreed, std::memory_order_acq_rel)) {
        Pass(Seam::kBuildFreeing);
        Put(slots_[slot].pid, 0);
        slots_[slot].key.store(0, std::memory_order_release);
        taken_.fetch_sub(1, std::memory_order_acq_rel);
    }
}

bool BuildBoard::Has(std::uint64_t key) const noexcept {
    for (const BuildSlot& slot : slots_) {
        if (slot.key.load(std::memory_order_acquire) == key) {
            return true;
        }
    }
    return false;
}

std::uint32_t BuildBoard::PidOf(std::uint64_t key) const noexcept {
    for (const BuildSlot& slot : slots_) {
        if (slot.key.load(std::memory_order_acquire) == key) {
            return Get(slot.pid);
        }
    }
    return 0;
}

void BuildBoard::Repair() noexcept {
    for (BuildSlot& slot : slots_) {
        Put(slot.pid, 0);
        Put(slot.key, 0);
    }
    Put(taken_, 0);
    WantAll();
}

}  // namespace elile::core
