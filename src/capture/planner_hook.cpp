#include "capture/before.hpp"
#include "capture/entries.hpp"
#include "capture/hooks.hpp"
#include "capture/phase.hpp"
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
        FindOrMake(key, {source, plan.stmt_location, plan.stmt_len}, TargetOf(plan), &plan);
    store->AddPlanning(statement.handle, planning.duration_ns, planning.use);
}

// A function that planning evaluates is nested in the statement. This is CallNested(), which would
// have to be handed all parameters in memory.
[[gnu::noinline]] PlannedStmt* PlanNested(ELILE_PLANNER_PARAMETERS) {
    if (static_cast<pg::Track>(pg::Settings::track) == pg::Track::kNone) {
        return next_planner(ELILE_PLANNER_ARGUMENTS);
    }
    const EnteredPhase before = EnterPhase(core::Phase::kPlan);
    PlannedStmt* plan = nullptr;
    if (is_nested) {
        plan = next_planner(ELILE_PLANNER_ARGUMENTS);
        LeavePhase(before);
        return plan;
    }
    PG_TRY();
    {
        is_nested = true;
        last_planned.began = pg::TicksNow();
        plan = next_planner(ELILE_PLANNER_ARGUMENTS);
        last_planned.ended = pg::TicksNow();
    }
    PG_CATCH();
    {
        NoteFailedPlanning(*parse);
        FailNested();
        PG_RE_THROW();
    }
    PG_END_TRY();
    is_nested = false;
    entered_phase.phase = kNoPhase.phase;
    return plan;
}

// What reads the settings comes this way, for they are in no table.
[[gnu::noinline]] PlannedStmt* PlanAndNote(ELILE_PLANNER_PARAMETERS) {
    pg::SettleThreshold();
    const Analysed analysed = Analyse(*parse);
    if (!is_nested) {
        NotePlanned(analysed.relid);
    }
    PlannedStmt* plan = PlanNested(ELILE_PLANNER_ARGUMENTS);
    if (!is_nested) {
        NotePlanned(InvalidOid);
    }
    NoteInPlan(analysed, plan);
    return plan;
}

inline PlannedStmt* Plan(ELILE_PLANNER_PARAMETERS) {
    return PlanTellsTable(*parse) ? PlanNested(ELILE_PLANNER_ARGUMENTS)
                                  : PlanAndNote(ELILE_PLANNER_ARGUMENTS);
}

[[gnu::noinline]] PlannedStmt* PlanMeasured(ELILE_PLANNER_PARAMETERS) {
    const bool nested = IsPlannedNested(source);
    if (!pg::IsTracked(nested)) {
        return Plan(ELILE_PLANNER_ARGUMENTS);
    }
    const BufferUsage buffers = pgBufferUsage;
    const WalUsage wal = pgWalUsage;
    const uint64 began_ns = pg::MonotonicNs();
    PlannedStmt* plan = Plan(ELILE_PLANNER_ARGUMENTS);
    Planning planning;
    planning.duration_ns = pg::MonotonicNs() - began_ns;
    AddUse(planning.use, buffers, wal);
    // What a rule adds has the statement's identifier and another table. It is planned, and
    // executed, as a part of the statement.
    if (plan->canSetTag || !IsNotedAsAdded(*plan)) {
        CountPlanning(*plan, source, !nested, planning);
    }
    return plan;
}

// All calls in here are its last act, so that the parameters stay in registers.
PlannedStmt* OnPlanner(ELILE_PLANNER_PARAMETERS) {
    if (pg::Settings::track_planning && parse->queryId != 0 && source != nullptr) [[unlikely]] {
        return PlanMeasured(ELILE_PLANNER_ARGUMENTS);
    }
    return Plan(ELILE_PLANNER_ARGUMENTS);
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

void InstallPlannerHook() {
    WatchTicks();
    Chain(planner_hook, OnPlanner, next_planner, standard_planner);
}

}  // namespace elile::capture
