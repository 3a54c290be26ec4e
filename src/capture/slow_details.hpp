// The plan and the parameters of a slow execution: as text for the log line, and in the store.
#pragma once

#include "capture/plan_text.hpp"
#include "core/statements/lost_plans.hpp"
#include "core/statements/plan_history.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/statement.hpp"
#include "pg/guard.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// For the log line; null where there is none.
struct SlowText {
    const char* plan = nullptr;
    const char* parameters = nullptr;
};

// Which plan a slow execution ran.
struct PlanOfRun {
    core::KnownStatement statement;
    uint64 plan_id;
    bool hides;                // its literals
    bool shares;               // its text with other runs: nothing in it is of one run alone
    bool is_extended = false;  // by options of extensions
};

// Notes it in the statement's history. Memory only.
core::PlanNews NotePlan(const core::KnownStatement& statement, uint64 plan_id, uint64 duration_ns);
// Says in the log what is news: a change for the worse.
void LogNews(const core::KnownStatement& statement, uint64 plan_id, const core::PlanNews& news);

// The text that another run of the plan has left, with a reference for the caller; 0: none. Memory
// only.
uint32 TakePlanText(const core::KnownStatement& statement, uint64 plan_id);
bool HasPlanText(const core::KnownStatement& statement, uint64 plan_id);

// The text that another run has left, when there is one.
bool UseKnownPlan(const PlanOfRun& run, SlowText* text, core::SlowDetails* details);
void CountLostPlan(core::LostPlan reason, uint64 plans = 1);
void StorePlan(const PlanOfRun& run, const char* plan, SlowText* text, core::SlowDetails* details);

// `explain(hides, extended)` returns the plan's text. Extensions' code may fail, and then it is
// called again without; so may a type's output function, and then with the literals hidden. Each
// call takes at most `most_ms`.
template <typename Explain>
void KeepPlan(const PlanOfRun& run, int most_ms, Explain explain, SlowText* text,
              core::SlowDetails* details) {
    details->plan_id = run.plan_id;
    if (UseKnownPlan(run, text, details)) {
        return;
    }
    const char* plan = nullptr;
    const bool may_render = pg::MayUseSubtransaction();
    const auto render = [&](bool hides, bool extended) {
        return pg::InSubtransaction({run.statement.key.userid, false, false, most_ms},
                                    [&] { plan = CutPlan(explain(hides, extended)); });
    };
    if (may_render && !(run.is_extended && render(run.hides, true)) && !render(run.hides, false) &&
        !run.hides) {
        render(true, false);
    }
    if (plan != nullptr) {
        StorePlan(run, plan, text, details);
    } else {
        CountLostPlan(may_render ? core::LostPlan::kError : core::LostPlan::kUnsafe);
    }
}

// As the current user; an error is the caller's to swallow.
void RenderParameters(ParamListInfo parameters, const char* source, int location, int length,
                      SlowText* text, core::SlowDetails* details);
// Takes at most `most_ms`.
void KeepParameters(int most_ms, Oid userid, ParamListInfo parameters, const char* source,
                    int location, int length, SlowText* text, core::SlowDetails* details);

}  // namespace elile::capture
