#include "core/build_board.hpp"

namespace elile::core {

bool BuildBoard::Want(std::uint32_t dbid) noexcept {
    for (const HalfWord& wanted : wanted_) {
        if (wanted.load(std::memory_order_acquire) == dbid) {
            return true;
        }
    }
    for (HalfWord& wanted : wanted_) {
        std::uint32_t none = 0;
        if (wanted.compare_exchange_strong(none, dbid, std::memory_order_acq_rel)) {
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

// The pid goes first: who takes the slot next sets its own.
void BuildBoard::Free(std::uint32_t slot, std::uint64_t key) noexcept {
    if (Get(slots_[slot].key) != key) {
        return;
    }
    Put(slots_[slot].pid, 0);
    if (slots_[slot].key.compare_exchange_strong(key, 0, std::memory_order_acq_rel)) {
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
