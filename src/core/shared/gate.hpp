// The gate says who may look at the store while entries are taken away.
//
// Readers that sum over all entries, and writers to the sums that evicted entries left, hold the
// shared side for microseconds to milliseconds. Folding and reset need the exclusive side and only
// ever try for it: whoever folds does something else meanwhile. Nothing that waits for a client or
// a lock happens while either side is held. After a crash the gate is closed to all until the
// store is repaired.
//
// Whoever leaves releases what was done inside, and whoever comes in acquires it. In between others
// only add to or take from the word, which goes on with the release.
#pragma once

#include "core/shared/atomics.hpp"

namespace elile::core {

// It lies in shared memory, and is open when zero.
class Gate {
public:
    bool TryShared() noexcept {
        if ((word_.fetch_add(1, std::memory_order_acquire) & kExclusive) == 0) {
            return true;
        }
        LeaveShared();
        return false;
    }
    void LeaveShared() noexcept { word_.fetch_sub(1, std::memory_order_release); }

    // Takes the shared side for a caller that only adds to the sums, which it may do while somebody
    // folds. Returns false while sums are cleared.
    bool TryAdding() noexcept {
        if ((word_.fetch_add(1, std::memory_order_acquire) & kClearing) == 0) {
            return true;
        }
        LeaveShared();
        return false;
    }

    bool TryExclusive() noexcept { return TryTake(kExclusive); }
    // Takes the exclusive side for a caller that clears sums.
    bool TryClearing() noexcept { return TryTake(kExclusive | kClearing); }
    // Leaves the exclusive side, whichever kind it is. The word may still count a process that was
    // just refused, which takes itself out.
    void LeaveExclusive() noexcept {
        word_.fetch_and(~(kExclusive | kClearing), std::memory_order_release);
    }

    // Closes the gate to all until LeaveExclusive(). Every holder must be dead, and nobody may try
    // the gate meanwhile.
    void CloseAfterCrash() noexcept {
        word_.store(kExclusive | kClearing, std::memory_order_release);
    }
    // Closes the gate unless CloseAfterCrash() has done so. The keeper calls it before it repairs.
    void KeepClosed() noexcept {
        if ((word_.load(std::memory_order_acquire) & kClearing) == 0) {
            CloseAfterCrash();
        }
    }

private:
    static constexpr std::uint32_t kExclusive = UINT32_C(1) << 31;
    static constexpr std::uint32_t kClearing = UINT32_C(1) << 30;

    bool TryTake(std::uint32_t bits) noexcept {
        std::uint32_t open = 0;
        return word_.compare_exchange_strong(open, bits, std::memory_order_acq_rel);
    }

    HalfWord word_;
};

}  // namespace elile::core
