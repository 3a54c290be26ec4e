// A lock-free stack of free indices is the allocator behind octaves, texts and entries.
//
// It is Treiber's stack (IBM RJ 5118, 1986) over indices. A tag in the head's upper half guards
// against an index that was popped and pushed again between two looks. Several stacks may share one
// array of links, since an index lies in at most one of them.
//
// Push() releases the link and what its caller did to that which the index names. Each look of
// Pop() at the head acquires it, also from a push further down: every exchange of the head goes on
// with the release of the one before.
#pragma once

#include <cstdint>

#include "core/shared/atomics.hpp"

namespace elile::core {

inline constexpr std::uint32_t kNoIndex = UINT32_MAX;

// It lies in shared memory, and is empty when zero.
struct IndexStackHead {
    Word head;       // tag << 32 | (index + 1); any process, compare-and-swap
    HalfWord count;  // indices in the stack, may run ahead of head; any process
    HalfWord unused;
};

class IndexStack {
public:
    IndexStack() = default;
    IndexStack(IndexStackHead* head, HalfWord* links) noexcept : head_(head), links_(links) {}

    // The index is counted first: whoever pops it at once must not count below zero.
    void Push(std::uint32_t index) noexcept {
        head_->count.fetch_add(1, std::memory_order_relaxed);
        std::uint64_t seen = head_->head.load(std::memory_order_relaxed);
        std::uint64_t wanted = 0;
        do {
            Put(links_[index], static_cast<std::uint32_t>(seen));
            wanted = NextTag(seen) | (index + 1);
        } while (!head_->head.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel,
                                                    std::memory_order_relaxed));
    }

    // Returns kNoIndex when the stack is empty.
    std::uint32_t Pop() noexcept {
        std::uint64_t seen = head_->head.load(std::memory_order_acquire);
        std::uint64_t wanted = 0;
        do {
            const auto top = static_cast<std::uint32_t>(seen);
            if (top == 0) {
                return kNoIndex;
            }
            wanted = NextTag(seen) | Get(links_[top - 1]);
        } while (!head_->head.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel,
                                                    std::memory_order_acquire));
        head_->count.fetch_sub(1, std::memory_order_relaxed);
        return static_cast<std::uint32_t>(seen) - 1;
    }

    std::uint32_t Count() const noexcept { return Get(head_->count); }

    // Nobody else may use the stack meanwhile: this serves formatting and repair.
    void Clear() noexcept {
        head_->head.store(0, std::memory_order_relaxed);
        Put(head_->count, 0);
    }

    // A repair uses the link of an index that is in no stack as scratch space.
    HalfWord& Link(std::uint32_t index) noexcept { return links_[index]; }

private:
    static std::uint64_t NextTag(std::uint64_t head) noexcept { return ((head >> 32) + 1) << 32; }

    IndexStackHead* head_ = nullptr;
    HalfWord* links_ = nullptr;
};

}  // namespace elile::core
