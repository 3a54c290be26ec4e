// The history says which plans a statement's slow executions ran.
//
// The plan's identifier alone tells a change of plan. The mean times before and after it say
// whether it was one for the worse. Only slow executions come here, so a flag that is tried for,
// never waited for, keeps writers apart. An execution that finds the flag taken is not noted.
#pragma once

#include <array>
#include <cstdint>

#include "core/shared/atomics.hpp"

namespace elile::core {

class TextPool;

inline constexpr std::uint32_t kPlansKept = 6;

// It lies in shared memory, on other cache lines than what each execution writes. Only the holder
// of `busy` writes it.
struct alignas(kCacheLine) PlanHistory {
    std::array<Word, kPlansKept> ids;  // of different plans, the newest at (seen - 1) % kPlansKept
    Word changed_at_us;                // microseconds since 2000-01-01 UTC; 0 never
    HalfWord seen;                     // different plans so far
    HalfWord busy;                     // 1 while somebody writes

    Word current;  // identifier of the last slow execution's plan; 0 none yet
    Word runs;     // slow executions since it is the current one
    Word total_ns;
    Word previous_mean_ns;                   // of the plan before; 0 when too few ran it
    std::array<HalfWord, kPlansKept> texts;  // of ids, in the pool of details; 0 not kept
    HalfWord regressed;                      // 1: the change doubled the mean time, or worse
    HalfWord unused;
};
static_assert(sizeof(PlanHistory) == 128);

// One holder at a time writes; leaving releases to the next one.
class HistoryTurn {
public:
    explicit HistoryTurn(PlanHistory& history, int looks = 1) noexcept : history_(history) {
        for (; looks > 0 && !taken_; --looks) {
            std::uint32_t free = 0;
            taken_ = history.busy.compare_exchange_strong(free, 1, std::memory_order_acquire);
        }
    }
    ~HistoryTurn() {
        if (taken_) {
            history_.busy.store(0, std::memory_order_release);
        }
    }
    HistoryTurn(const HistoryTurn&) = delete;
    HistoryTurn& operator=(const HistoryTurn&) = delete;

    bool IsTaken() const noexcept { return taken_; }

private:
    PlanHistory& history_;
    bool taken_ = false;
};

struct PlanNews {
    bool regressed = false;  // for the first time since the change
    double mean_before_ns = 0;
    double mean_after_ns = 0;
};

// A slow execution ran this plan; plan_id is not 0.
PlanNews NotePlan(PlanHistory& history, TextPool& details, std::uint64_t plan_id,
                  std::uint64_t duration_ns, std::uint64_t now_us) noexcept;

// Returns the plan's text with a reference for the caller, or 0.
std::uint32_t TakePlanText(PlanHistory& history, TextPool& details, std::uint64_t plan_id) noexcept;

// Keeps a reference of its own to the text of a plan that was noted. Returns false, having done
// nothing, while somebody else writes: other runs may count on the text, so try again.
bool KeepPlanText(PlanHistory& history, TextPool& details, std::uint64_t plan_id,
                  std::uint32_t text) noexcept;

// Visits the history while nobody writes it. Returns false when somebody did so all the while.
template <typename Visit>
bool VisitHistory(PlanHistory& history, Visit visit) noexcept {
    // Whoever writes is done at once.
    constexpr int kLooks = 1000;
    const HistoryTurn turn(history, kLooks);
    if (turn.IsTaken()) {
        visit(history);
    }
    return turn.IsTaken();
}

// Nobody may use the history meanwhile.
void ClearHistory(PlanHistory& history, TextPool& details) noexcept;
// Keeps the history's texts in a repair. Returns false when one was broken.
bool MendHistory(PlanHistory& history, TextPool& details) noexcept;

}  // namespace elile::core
