// This sequence lock (Boehm, MSPC 2012) guards plain data in shared words.
//
// The number is odd while somebody writes, and a new one after each writing. A writer that finds
// another one at work does not wait, and a reader looks a bounded number of times. Guarded data is
// written and read by relaxed operations only, as Put, Get, StoreWords and LoadWords are.
//
// Two pairs make it right. A reader that sees the number of an ended writing sees all of it: End()
// releases to Seen(). A reader that sees any word of a later writing sees its odd number: the fence
// in TryBegin() or Begin() releases, by that word, to the fence in IsStill().
//
// Where a reader must not take a writer that is slow, stopped or dead for one that never wrote, the
// data has two copies. A whole number names the one that was written last, and the next writing
// goes to the other one.
#pragma once

#include "core/shared/atomics.hpp"

namespace elile::core {

// It lies in shared memory; zero is whole and was never written.
template <typename Number>
class SequenceLock {
public:
    static constexpr bool IsWhole(Number number) noexcept { return (number & 1) == 0; }

    // A reader calls it first. What it reads afterwards is as new as this number, or newer.
    Number Seen() const noexcept { return number_.load(std::memory_order_acquire); }
    // A reader calls it last. Returns true when writers made at most so many steps since the number
    // was seen. The beginning of a writing is a step, and so is its end.
    bool IsStill(Number seen, Number steps = 0) const noexcept {
        Fence(std::memory_order_acquire);
        return number_.load(std::memory_order_relaxed) - seen <= steps;
    }
    // Returns the number once nobody writes. It is not whole when somebody wrote at each of so many
    // looks.
    Number Settled(int looks) const noexcept {
        Number number = 1;
        for (; looks > 0 && !IsWhole(number); --looks) {
            number = Seen();
        }
        return number;
    }
    // Calls `copy()` until it has read what is whole. Returns false after so many times.
    template <typename Copy>
    bool Read(int times, Copy copy) const noexcept {
        for (; times > 0; --times) {
            const Number before = Seen();
            copy();
            if (IsWhole(before) && IsStill(before)) {
                return true;
            }
        }
        return false;
    }

    // Where there are two copies, the whole number's own is this one.
    static constexpr std::size_t kCopies = 2;
    static constexpr std::size_t CopyOf(Number whole) noexcept { return whole / 2 % kCopies; }
    // Calls `copy(which)` until the copy that it read was whole. That takes a second call only
    // where the writers came twice during the first one.
    template <typename Copy>
    void ReadCopy(Copy copy) const noexcept {
        Number whole = 0;
        do {
            whole = Seen() & ~Number{1};
            copy(CopyOf(whole));
            // From the third step on the copy that was read is being written again.
        } while (!IsStill(whole, 2));
    }

    // It is for data that several may write. Returns false when the number is not the one seen, or
    // that one is not whole: nothing may be written then. `writing` is odd.
    bool TryBegin(Number seen, Number writing) noexcept {
        if (!IsWhole(seen) ||
            // Acquires what the writer before has written, from its End().
            !number_.compare_exchange_strong(seen, writing, std::memory_order_acquire)) {
            return false;
        }
        Fence(std::memory_order_release);
        return true;
    }
    bool TryBegin(Number seen) noexcept { return TryBegin(seen, seen + 1); }
    // It is for data that one process alone writes, and begins even where the writer before it died
    // writing. Returns the number to end with.
    Number Begin() noexcept {
        const Number writing = number_.load(std::memory_order_relaxed) | 1;
        // Releases to Seen(): who sees this number reads the copy that was written before.
        number_.store(writing, std::memory_order_release);
        Fence(std::memory_order_release);
        return writing + 1;
    }
    // Only a writer that has begun calls it. `whole` is even and, unless it is 0, was no number
    // before.
    void End(Number whole) noexcept { number_.store(whole, std::memory_order_release); }
    // Calls `write()`, or leaves it to whoever is writing and returns false.
    template <typename Write>
    bool TryWrite(Write write) noexcept {
        return TryWriteCopy([&](std::size_t) { write(); });
    }
    // The same, where there are two copies: calls `write(which)`.
    template <typename Write>
    bool TryWriteCopy(Write write) noexcept {
        const Number seen = number_.load(std::memory_order_relaxed);
        if (!TryBegin(seen)) {
            return false;
        }
        write(CopyOf(seen + 2));
        End(seen + 2);
        return true;
    }

    // Makes the lock whole again in a repair, and tells whether a dead writer had left it half
    // written. Nobody else may use it meanwhile.
    bool Mend() noexcept {
        const Number number = number_.load(std::memory_order_relaxed);
        number_.store(number + (number & 1), std::memory_order_relaxed);
        return !IsWhole(number);
    }
    // The same, where there are two copies: forgets the one that a dead writer left half written.
    void MendCopies() noexcept { number_.fetch_and(~Number{1}, std::memory_order_relaxed); }

private:
    Atomic<Number> number_;
};

static_assert(sizeof(SequenceLock<std::uint32_t>) == 4 && sizeof(SequenceLock<std::uint64_t>) == 8);

}  // namespace elile::core
