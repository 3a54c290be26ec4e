// Chains lead from a query identifier to the entries that have it, whoever's they are.
//
// Any process links an entry, and waits for nobody. Only the holder of the gate's exclusive side
// unlinks, and readers hold the shared side, so nothing leaves a chain while somebody walks it.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "core/shared/part.hpp"

namespace elile::core {

class QueryChains {
public:
    void Carve(Carver& carver, std::uint32_t entries) noexcept {
        const std::uint32_t chains = std::bit_ceil(entries);
        heads_ = {carver.Take<HalfWord>(chains), chains};
        next_ = {carver.Take<HalfWord>(entries), entries};
    }

    // Leaves all chains empty. Nobody may use them meanwhile.
    void Clear() noexcept {
        for (HalfWord& head : heads_) {
            Put(head, kEnd);
        }
        for (HalfWord& next : next_) {
            Put(next, kUnlinked);
        }
    }

    // The slot is in no chain.
    void Link(std::uint64_t queryid, std::uint32_t slot) noexcept {
        HalfWord& head = HeadOf(queryid);
        std::uint32_t first = Get(head);
        // Whoever reads the head, or one that was linked later, finds this entry as it was filled.
        do {
            Put(next_[slot], first);
        } while (!head.compare_exchange_weak(first, slot + 1, std::memory_order_acq_rel,
                                             std::memory_order_relaxed));
    }

    // Takes the slot out of its chain, unless it is in none. Each slot of that chain for which
    // `goes_too(slot)` is true goes with it, so that many take one walk. It is true for this one.
    template <typename GoesToo>
    void Unlink(std::uint64_t queryid, std::uint32_t slot, GoesToo goes_too) noexcept {
        if (Get(next_[slot]) == kUnlinked) {
            return;
        }
        HalfWord& head = HeadOf(queryid);
        const std::uint32_t first = head.load(std::memory_order_acquire);  // pairs with Link()
        std::uint32_t kept = first;
        for (std::uint32_t at = Get(next_[first - 1]); at != kEnd;) {
            const std::uint32_t after = Get(next_[at - 1]);
            if (goes_too(at - 1)) {
                Put(next_[kept - 1], after);
                Put(next_[at - 1], kUnlinked);
            } else {
                kept = at;
            }
            at = after;
        }
        if (goes_too(first - 1)) {
            UnlinkFirst(head, first);
        }
    }

    // Visits the slots of a chain, among which are those of other identifiers with the same hash.
    template <typename Visit>
    void ForEach(std::uint64_t queryid, Visit visit) const {
        // Pairs with Link(). The gate is what orders a walk and an unlinking.
        std::uint32_t at = HeadOf(queryid).load(std::memory_order_acquire);
        while (at != kEnd) {
            visit(at - 1);
            at = Get(next_[at - 1]);
        }
    }

private:
    // A link is the slot + 1.
    static constexpr std::uint32_t kEnd = 0;
    static constexpr std::uint32_t kUnlinked = UINT32_MAX;

    HalfWord& HeadOf(std::uint64_t queryid) const noexcept {
        return heads_[static_cast<std::uint32_t>(Mix(queryid)) & (heads_.size() - 1)];
    }

    // Others may have been linked before what was the first a moment ago.
    void UnlinkFirst(HalfWord& head, std::uint32_t first) noexcept {
        const std::uint32_t after = Get(next_[first - 1]);
        std::uint32_t before = first;
        if (!head.compare_exchange_strong(before, after, std::memory_order_acq_rel)) {
            while (Get(next_[before - 1]) != first) {
                before = Get(next_[before - 1]);
            }
            Put(next_[before - 1], after);
        }
        Put(next_[first - 1], kUnlinked);
    }

    std::span<HalfWord> heads_;  // a power of two
    std::span<HalfWord> next_;   // by slot
};

}  // namespace elile::core
