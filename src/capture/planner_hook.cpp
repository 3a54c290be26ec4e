#include "capture/entries.hpp"
#include "capture/hooks.hpp"
#include "capture/plan_tree.hpp"
#include "capture/running.hpp"
#include "core/statements/store.hpp"
#include "pg/clock.hpp"
#include "pg/plan_compat.hpp"
#include "pg/settings.hpp"

namespace elile::capture {
namespace {

planner_hook_type next_planner = nullptr;

struct Planning {
    uint64 duration_ns;
    core::ResourceUse use;
};

void CountPlanning(const PlannedStmt& plan, const char* source, bool toplevel,
                   const Planning& planning) {
    core::StatementStore* store = store::SharedStore();
    if (store == nullptr || !store->IsReady() || IsParallelWorker()) {
        return;
    }
    const core::StatementKey key = KeyFor(static_cast<uint64>(plan.queryId), toplevel);
    const core::KnownStatement statement =
        FindOrMake(key, {source, plan.stmt_location, plan.stmt_len}, TargetOf(plan));
    store->AddPlanning(statement.handle, planning.duration_ns, planning.use);
}

PlannedStmt* PlanAndNote(ELILE_PLANNER_PARAMETERS) {
    const Analysed analysed = Analyse(*parse);
    PlannedStmt* plan = next_planner(ELILE_PLANNER_ARGUMENTS);
    NoteInPlan(analysed, plan);
    return plan;
}

// A function that planning evaluates is nested in the statement.
PlannedStmt* PlanNested(ELILE_PLANNER_PARAMETERS) {
    PlannedStmt* plan = nullptr;
    CallNested([&] { plan = PlanAndNote(ELILE_PLANNER_ARGUMENTS); });
    return plan;
}

PlannedStmt* PlanMeasured(ELILE_PLANNER_PARAMETERS, bool toplevel) {
    const BufferUsage buffers = pgBufferUsage;
    const WalUsage wal = pgWalUsage;
    const uint64 began_ns = pg::MonotonicNs();
    PlannedStmt* plan = PlanNested(ELILE_PLANNER_ARGUMENTS);
    Planning planning;
    planning.duration_ns = pg::MonotonicNs() - began_ns;
    AddUse(planning.use, buffers, wal);
    // What a rule adds has the statement's identifier and another table. It is planned, and
    // executed, as a part of the statement.
    if (plan->canSetTag || !IsNotedAsAdded(*plan)) {
        CountPlanning(*plan, source, toplevel, planning);
    }
    return plan;
}

PlannedStmt* OnPlanner(ELILE_PLANNER_PARAMETERS) {
    if (static_cast<pg::Track>(pg::Settings::track) == pg::Track::kNone) {
        return PlanAndNote(ELILE_PLANNER_ARGUMENTS);
    }
    if (pg::Settings::track_planning && parse->queryId != 0 && source != nullptr) {
        const bool nested = IsPlannedNested(source);
        if (pg::IsTracked(nested)) {
            return PlanMeasured(ELILE_PLANNER_ARGUMENTS, !nested);
        }
    }
    return PlanNested(ELILE_PLANNER_ARGUMENTS);
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
