// Who may look at the store while entries are taken away.
//
// Readers that sum over all entries, and writers to the sums that evicted entries left, hold the
// shared side for microseconds to milliseconds. Folding and reset need the exclusive side and only
// ever try for it: whoever folds does something else meanwhile. Nothing that waits for a client or
// a lock happens while either side is held.
#pragma once

#include "core/atomics.hpp"

namespace elile::core {

// In shared memory. Open when zero.
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

    bool TryExclusive() noexcept {
        std::uint32_t open = 0;
        return word_.compare_exchange_strong(open, kExclusive, std::memory_order_acq_rel);
    }
    void LeaveExclusive() noexcept { word_.fetch_and(~kExclusive, std::memory_order_release); }

    // Only during repair, when every holder is dead.
    void Open() noexcept { word_.store(0, std::memory_order_relaxed); }

private:
    static constexpr std::uint32_t kExclusive = UINT32_C(1) << 31;
    HalfWord word_;
};

}  // namespace elile::core
