// Makes the plan and the parameters of a slow execution: as text for the log line, and in the
// store.
#pragma once

#include "capture/plan_text.hpp"
#include "core/statements/lost_plans.hpp"
#include "core/statements/plan_history.hpp"
#include "core/statements/slow_record.hpp"
#include "core/statements/statement.hpp"
#include "pg/guard.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// Texts for the log line; null where there is none.
struct SlowText {
    const char* plan = nullptr;
    const char* parameters = nullptr;
};

// Which plan a slow execution ran.
struct PlanOfRun {
    core::KnownStatement statement;
    uint64 plan_id;
    bool hides;                // the plan's text hides literals
    bool shares;               // its text serves other runs too: nothing in it is one run's
    bool is_extended = false;  // by options of extensions
};

// Notes the execution in the statement's plan history. Touches memory only.
core::PlanNews NotePlan(const core::KnownStatement& statement, uint64 plan_id, uint64 duration_ns);
// Writes a line in the log when the plan changed for the worse.
void LogNews(const core::KnownStatement& statement, uint64 plan_id, const core::PlanNews& news);

// Returns the text that another run of the plan has left, with a reference for the caller; 0 when
// there is none. Touches memory only.
uint32 TakePlanText(const core::KnownStatement& statement, uint64 plan_id);
bool HasPlanText(const core::KnownStatement& statement, uint64 plan_id);

// Fills `text` and `details` from the text that another run has left. Returns false when there is
// none.
bool UseKnownPlan(const PlanOfRun& run, SlowText* text, core::SlowDetails* details);
void CountLostPlan(core::LostPlan reason, uint64 plans = 1);
// Returns false when the text, which other runs of the plan would share, is to be offered again.
bool StorePlan(const PlanOfRun& run, const char* plan, SlowText* text, core::SlowDetails* details);
// Leaves the plan's text for its other runs. Returns false while somebody else writes there.
bool OfferPlanText(const PlanOfRun& run, uint32 text);

// `explain(hides, extended)` returns the plan's text. Where extensions' code fails, it is called
// again without it. Where a type's output function fails, it is called again with the literals
// hidden. Each call takes at most `most_ms`.
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

// Runs as the current user. The caller has to catch errors.
void RenderParameters(ParamListInfo parameters, const char* source, int location, int length,
                      SlowText* text, core::SlowDetails* details);
// Runs as `userid` in a subtransaction and takes at most `most_ms`. An error is counted, not
// raised.
void KeepParameters(int most_ms, Oid userid, ParamListInfo parameters, const char* source,
                    int location, int length, SlowText* text, core::SlowDetails* details);

}  // namespace elile::capture
