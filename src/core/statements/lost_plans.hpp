// LostPlan says why the plan of a slow execution could not be written down. Each reason has a
// counter of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/shared/atomics.hpp"

namespace elile::core {

enum class LostPlan : std::uint32_t {
    kInvisibleTable,   // made by a transaction that had not committed in ten seconds
    kTransitionTable,  // exists only while its trigger runs
    kLockedTable,      // for ten seconds
    kDroppedTable,
    kNoWorker,  // none could be had for ten seconds
    kNoRoom,    // too many others waited
    kTooLarge,
    kForeignNode,  // of a foreign table or an extension, which only its own session can read
    kUnsafe,       // the error left no room to copy, or the statement ran beside parallel workers
    kError         // an error while it was written down
};

inline constexpr std::size_t kLostPlanReasons = 10;

// The reasons have these names in SQL and in metrics.
inline constexpr std::array<std::string_view, kLostPlanReasons> kLostPlanNames = {
    "invisible_table", "transition_table", "locked_table", "dropped_table", "no_worker",
    "no_room",         "too_large",        "foreign_node", "unsafe",        "error"};

using LostPlanCounters = std::array<Word, kLostPlanReasons>;

inline void CountLost(LostPlanCounters& counters, LostPlan reason, std::uint64_t plans) noexcept {
    Add(counters[static_cast<std::size_t>(reason)], plans);
}

inline std::uint64_t Sum(const LostPlanCounters& counters) noexcept {
    std::uint64_t sum = 0;
    for (const Word& counter : counters) {
        sum += Get(counter);
    }
    return sum;
}

}  // namespace elile::core
