// Words that several processes share are read and changed by these relaxed operations.
//
// All atomics and fences of the core are Atomic and Fence(). So a test build can put its own in
// their place, and let another process act before any of them.
//
// Relaxed operations are for a word that nobody infers anything from about another one: a counter,
// an estimate, or data that something else publishes. Wherever an order is stronger, a comment
// beside it names the operation that it pairs with. Weaker than sequential consistency suffices for
// such a pair: what was written before the one is seen after the other.
//
// Every counter of the statistics segment is a 64-bit word that only grows between two resets.
// All-zero bytes are a valid, empty state of every shared structure, so fresh pages need no
// construction. At 50,000 additions a second of one nanosecond-scale value each, no word wraps
// within a year (2^64 ns are 584 years).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#ifdef ELILE_EXPLORE
#include "explore/atomic.hpp"
#endif

namespace elile::core {

#ifdef ELILE_EXPLORE
template <typename T>
using Atomic = explore::Atomic<T>;
inline void Fence(std::memory_order) noexcept {}
#else
template <typename T>
using Atomic = std::atomic<T>;
inline void Fence(std::memory_order order) noexcept { std::atomic_thread_fence(order); }
#endif

using Word = Atomic<std::uint64_t>;
using HalfWord = Atomic<std::uint32_t>;
using Real = Atomic<double>;

static_assert(Word::is_always_lock_free && HalfWord::is_always_lock_free,
              "a lock inside an atomic would not survive a crash of its holder");
static_assert(sizeof(Word) == 8 && sizeof(HalfWord) == 4 && sizeof(Real) == 8);

inline constexpr std::size_t kCacheLine = 64;

inline std::uint64_t Get(const Word& word) noexcept { return word.load(std::memory_order_relaxed); }

inline std::uint32_t Get(const HalfWord& word) noexcept {
    return word.load(std::memory_order_relaxed);
}

inline void Put(Word& word, std::uint64_t value) noexcept {
    word.store(value, std::memory_order_relaxed);
}

inline void Put(HalfWord& word, std::uint32_t value) noexcept {
    word.store(value, std::memory_order_relaxed);
}

// A zero is not written: it would cost a cache line transfer and change nothing.
inline void Add(Word& word, std::uint64_t amount) noexcept {
    if (amount != 0) {
        word.fetch_add(amount, std::memory_order_relaxed);
    }
}

// Returns false when another process wrote between the look and the addition, which was then
// repeated.
inline bool Add(Real& sum, double amount) noexcept {
    double seen = sum.load(std::memory_order_relaxed);
    bool undisturbed = true;
    while (!sum.compare_exchange_strong(seen, seen + amount, std::memory_order_relaxed)) {
        undisturbed = false;
    }
    return undisturbed;
}

// The word stops at zero, since a reset may have taken the amount away before.
inline void LowerBy(Word& word, std::uint64_t amount) noexcept {
    std::uint64_t seen = Get(word);
    while (!word.compare_exchange_weak(seen, seen > amount ? seen - amount : 0,
                                       std::memory_order_relaxed)) {
    }
}

inline void RaiseTo(Word& maximum, std::uint64_t value) noexcept {
    std::uint64_t seen = Get(maximum);
    while (value > seen && !maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
    }
}

}  // namespace elile::core
