// The budget says how many lines all sessions together may still write in this second.
#pragma once

#include "core/shared/atomics.hpp"

namespace elile::core {

// It lies in shared memory. Any process takes from it; all zero is an unused budget.
class LogBudget {
public:
    // Returns false when `limit` lines have been taken in this second.
    bool Take(std::uint32_t second, std::uint32_t limit) noexcept {
        std::uint64_t seen = Get(second_and_taken_);
        std::uint64_t wanted = 0;
        do {
            const bool fresh = static_cast<std::uint32_t>(seen >> 32) != second;
            const std::uint32_t taken = fresh ? 0 : static_cast<std::uint32_t>(seen);
            if (taken >= limit) {
                return false;
            }
            wanted = std::uint64_t{second} << 32 | (taken + 1);
        } while (!second_and_taken_.compare_exchange_weak(seen, wanted, std::memory_order_relaxed));
        return true;
    }

private:
    Word second_and_taken_;
};

}  // namespace elile::core
