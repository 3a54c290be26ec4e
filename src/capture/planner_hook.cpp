#include "capture/entries.hpp"
#include "capture/execution.hpp"
#include "capture/hooks.hpp"
#include "capture/plan_tree.hpp"
#include "pg/clock.hpp"
#include "pg/plan_compat.hpp"
#include "pg/settings.hpp"

namespace elile::capture {
namespace {

planner_hook_type prev_planner = nullptr;

PlannedStmt* Plan(ELILE_PLANNER_PARAMETERS) {
    return prev_planner != nullptr ? prev_planner(ELILE_PLANNER_ARGUMENTS)
                                   : standard_planner(ELILE_PLANNER_ARGUMENTS);
}

void CountPlanning(const PlannedStmt& plan, const char* source, uint64 duration_ns) {
    core::StatementStore* store = store::SharedStore();
    if (store == nullptr || !store->IsReady() || IsParallelWorker()) {
        return;
    }
    const core::StatementKey key = KeyFor(static_cast<uint64>(plan.queryId), !is_nested);
    const core::KnownStatement statement = FindOrMake(
        key, {source, plan.stmt_location, plan.stmt_len}, [&plan] { return TargetOf(plan); });
    store->AddPlanning(statement.handle, duration_ns);
}

// A function that planning evaluates is nested in the statement, whether or not planning is
// measured.
PlannedStmt* OnPlanner(ELILE_PLANNER_PARAMETERS) {
    if (static_cast<pg::Track>(pg::Settings::track) == pg::Track::kNone) {
        return Plan(ELILE_PLANNER_ARGUMENTS);
    }
    NoteTarget(*parse);
    const bool measured = pg::Settings::track_planning && parse->queryId != 0 &&
                          source != nullptr && pg::IsTracked(is_nested);
    const bool outermost = !is_nested;
    const uint64 began = measured ? pg::MonotonicNs() : 0;
    PlannedStmt* plan = nullptr;
    PG_TRY();
    {
        is_nested = true;
        plan = Plan(ELILE_PLANNER_ARGUMENTS);
    }
    PG_FINALLY();
    { is_nested = !outermost; }
    PG_END_TRY();
    if (measured) {
        CountPlanning(*plan, source, pg::MonotonicNs() - began);
    }
    return plan;
}

planner_hook_type prev_identifier = nullptr;

// Whoever planned before has the first say.
PlannedStmt* OnPlanned(ELILE_PLANNER_PARAMETERS) {
    PlannedStmt* plan = prev_identifier != nullptr ? prev_identifier(ELILE_PLANNER_ARGUMENTS)
                                                   : standard_planner(ELILE_PLANNER_ARGUMENTS);
    if (pg::Settings::compute_plan_id) {
        IdentifyPlan(plan);
    }
    return plan;
}

}  // namespace

void OnComputePlanId(bool on, void*) {
    static bool is_installed = false;
    if (on && !is_installed) {
        prev_identifier = planner_hook;
        planner_hook = OnPlanned;
        is_installed = true;
    }
}

void InstallPlannerHook() {
    prev_planner = planner_hook;
    planner_hook = OnPlanner;
}

}  // namespace elile::capture
