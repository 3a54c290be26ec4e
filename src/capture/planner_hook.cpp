#include "capture/entries.hpp"
#include "capture/execution.hpp"
#include "capture/hooks.hpp"
#include "capture/plan_tree.hpp"
#include "core/statements/store.hpp"
#include "pg/clock.hpp"
#include "pg/plan_compat.hpp"
#include "pg/settings.hpp"

namespace elile::capture {
namespace {

planner_hook_type next_planner = nullptr;

void CountPlanning(const PlannedStmt& plan, const char* source, uint64 duration_ns) {
    core::StatementStore* store = store::SharedStore();
    if (store == nullptr || !store->IsReady() || IsParallelWorker()) {
        return;
    }
    const core::StatementKey key = KeyFor(static_cast<uint64>(plan.queryId), !is_nested);
    const core::KnownStatement statement =
        FindOrMake(key, {source, plan.stmt_location, plan.stmt_len}, TargetOf(plan));
    store->AddPlanning(statement.handle, duration_ns);
}

// A function that planning evaluates is nested in the statement, whether or not planning is
// measured.
PlannedStmt* OnPlanner(ELILE_PLANNER_PARAMETERS) {
    if (static_cast<pg::Track>(pg::Settings::track) == pg::Track::kNone) {
        return next_planner(ELILE_PLANNER_ARGUMENTS);
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
        plan = next_planner(ELILE_PLANNER_ARGUMENTS);
    }
    PG_FINALLY();
    { is_nested = !outermost; }
    PG_END_TRY();
    if (measured) {
        CountPlanning(*plan, source, pg::MonotonicNs() - began);
    }
    return plan;
}

planner_hook_type next_identifier = nullptr;

// An identifier that another extension has given the plan stands.
PlannedStmt* OnPlanned(ELILE_PLANNER_PARAMETERS) {
    PlannedStmt* plan = next_identifier(ELILE_PLANNER_ARGUMENTS);
    if (pg::Settings::compute_plan_id) {
        IdentifyPlan(plan);
    }
    return plan;
}

}  // namespace

void OnComputePlanId(bool on, void*) {
    static bool is_installed = false;
    if (on && !is_installed) {
        Chain(planner_hook, OnPlanned, next_identifier, standard_planner);
        is_installed = true;
    }
}

void InstallPlannerHook() { Chain(planner_hook, OnPlanner, next_planner, standard_planner); }

}  // namespace elile::capture
