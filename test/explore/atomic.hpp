// The explorer's atomic: each operation is a step, before which another process may have its turn.
//
// It stands in for std::atomic in a build of the core with ELILE_EXPLORE. All processes are one
// thread there, so the operation itself is plain. Memory orders are not looked at: the explorer
// sees interleavings, and each order has its argument where it is used.
#pragma once

#include <atomic>

namespace elile::explore {

// Whether a process is running, whose steps count.
inline bool is_exploring = false;
void Reach(const void* address, bool writes) noexcept;

// Called before each atomic operation.
inline void Step(const void* address, bool writes) noexcept {
    if (is_exploring) {
        Reach(address, writes);
    }
}
// Whether a weak compare-and-swap that could succeed shall fail.
bool FailsSpuriously() noexcept;

template <typename T>
class Atomic {
public:
    static constexpr bool is_always_lock_free = std::atomic<T>::is_always_lock_free;

    Atomic() noexcept = default;
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    T load(std::memory_order = std::memory_order_seq_cst) const noexcept {
        Step(this, false);
        return value_;
    }
    void store(T value, std::memory_order = std::memory_order_seq_cst) noexcept {
        Step(this, true);
        value_ = value;
    }
    T exchange(T value, std::memory_order = std::memory_order_seq_cst) noexcept {
        return Change([value](T) { return value; });
    }
    T fetch_add(T amount, std::memory_order = std::memory_order_seq_cst) noexcept {
        return Change([amount](T seen) { return seen + amount; });
    }
    T fetch_sub(T amount, std::memory_order = std::memory_order_seq_cst) noexcept {
        return Change([amount](T seen) { return seen - amount; });
    }
    T fetch_or(T bits, std::memory_order = std::memory_order_seq_cst) noexcept {
        return Change([bits](T seen) { return seen | bits; });
    }
    T fetch_and(T bits, std::memory_order = std::memory_order_seq_cst) noexcept {
        return Change([bits](T seen) { return seen & bits; });
    }
    bool compare_exchange_strong(T& expected, T wanted,
                                 std::memory_order = std::memory_order_seq_cst,
                                 std::memory_order = std::memory_order_relaxed) noexcept {
        Step(this, true);
        if (value_ == expected) {
            value_ = wanted;
            return true;
        }
        expected = value_;
        return false;
    }
    bool compare_exchange_weak(T& expected, T wanted, std::memory_order success,
                               std::memory_order failure = std::memory_order_relaxed) noexcept {
        if (FailsSpuriously()) {
            expected = load(failure);
            return false;
        }
        return compare_exchange_strong(expected, wanted, success, failure);
    }

private:
    template <typename Function>
    T Change(Function function) noexcept {
        Step(this, true);
        const T seen = value_;
        value_ = function(seen);
        return seen;
    }

    T value_;
};

}  // namespace elile::explore
