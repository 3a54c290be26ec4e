#include "core/indexes/board.hpp"

#include "core/shared/seam.hpp"

namespace elile::core {

bool BuildBoard::Want(std::uint32_t dbid) noexcept {
    for (const HalfWord& wanted : shared_->wanted) {
        if (wanted.load(std::memory_order_acquire) == dbid) {
            return true;
        }
    }
    for (HalfWord& wanted : shared_->wanted) {
        std::uint32_t none = 0;
        // Another session may have put it there just now.
        if (wanted.compare_exchange_strong(none, dbid, std::memory_order_acq_rel) || none == dbid) {
            return true;
        }
    }
    return false;
}

std::uint32_t BuildBoard::Take(std::uint64_t key, std::uint32_t limit) noexcept {
    if (shared_->taken.fetch_add(1, std::memory_order_acq_rel) < limit) {
        for (std::uint32_t slot = 0; slot < kBuildSlots; ++slot) {
            std::uint64_t none = 0;
            if (shared_->slots[slot].key.compare_exchange_strong(none, key,
                                                                 std::memory_order_acq_rel)) {
                return slot;
            }
        }
    }
    shared_->taken.fetch_sub(1, std::memory_order_acq_rel);
    return kBuildSlots;
}

// Builder and keeper may both free a slot. The one that does has the slot to itself while it clears
// the pid: who takes the slot next sets its own.
void BuildBoard::Free(std::uint32_t slot, std::uint64_t key) noexcept {
    constexpr std::uint64_t kBeingFreed = UINT64_MAX;
    if (shared_->slots[slot].key.compare_exchange_strong(key, kBeingFreed,
                                                         std::memory_order_acq_rel)) {
        Pass(Seam::kBuildFreeing);
        Put(shared_->slots[slot].pid, 0);
        shared_->slots[slot].key.store(0, std::memory_order_release);
        shared_->taken.fetch_sub(1, std::memory_order_acq_rel);
    }
}

bool BuildBoard::Has(std::uint64_t key) const noexcept {
    for (const BuildSlot& slot : shared_->slots) {
        if (slot.key.load(std::memory_order_acquire) == key) {
            return true;
        }
    }
    return false;
}

std::uint32_t BuildBoard::PidOf(std::uint64_t key) const noexcept {
    for (const BuildSlot& slot : shared_->slots) {
        if (slot.key.load(std::memory_order_acquire) == key) {
            // Another build may have the slot by now, and its builder is not to be signalled. Its
            // SetPid() releases the key that it took.
            const std::uint32_t pid = slot.pid.load(std::memory_order_acquire);
            return Get(slot.key) == key ? pid : 0;
        }
    }
    return 0;
}

std::uint64_t BuildBoard::Repair() noexcept {
    for (BuildSlot& slot : shared_->slots) {
        Put(slot.pid, 0);
        Put(slot.key, 0);
    }
    Put(shared_->taken, 0);
    WantAll();
    return 0;
}

}  // namespace elile::core
