// The plan and the parameters of a slow execution: as text for the log line, and in the store.
#pragma once

#include "capture/plan_text.hpp"
#include "core/slow_ring.hpp"
#include "core/statement.hpp"
#include "pg/deadline.hpp"
#include "pg/postgres.hpp"
#include "pg/subtransaction.hpp"

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
    bool hides;   // its literals
    bool shares;  // its text with other runs: nothing in it is of one run alone
    int most_ms;  // that writing it down may take
};

// Notes it in the statement's history and says in the log when it is a change for the worse.
// Memory only.
void NotePlanOf(const PlanOfRun& run, uint64 duration_ns);

// The text that another run has left, when there is one.
bool UseKnownPlan(const PlanOfRun& run, SlowText* text, core::SlowDetails* details);
// Null: the plan could not be written down.
void StorePlan(const PlanOfRun& run, const char* plan, SlowText* text, core::SlowDetails* details);

// `explain(hides)` returns the plan's text. When it fails with the literals shown, for a type's
// output function may, it is called again with them hidden.
template <typename Explain>
void KeepPlan(const PlanOfRun& run, Explain explain, SlowText* text, core::SlowDetails* details) {
    details->plan_id = run.plan_id;
    if (UseKnownPlan(run, text, details)) {
        return;
    }
    const char* plan = nullptr;
    const auto render = [&](bool hides) {
        return pg::InSubtransaction(run.statement.key.userid, [&] {
            pg::RunWithin(run.most_ms, [&] { plan = CutPlan(explain(hides)); });
        });
    };
    if (pg::MayUseSubtransaction() && !render(run.hides) && !run.hides) {
        render(true);
    }
    StorePlan(run, plan, text, details);
}

// Takes at most `most_ms`.
void KeepParameters(int most_ms, Oid userid, ParamListInfo parameters, const char* source,
                    int location, int length, SlowText* text, core::SlowDetails* details);

}  // namespace elile::capture
