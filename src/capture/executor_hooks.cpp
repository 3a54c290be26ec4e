#include "capture/hooks.hpp"
#include "capture/n_plus_one.hpp"
#include "capture/phase.hpp"
#include "capture/row_receiver.hpp"
#include "capture/running.hpp"
#include "pg/compat.hpp"
#include "pg/settings.hpp"

namespace elile::capture {
namespace {

ExecutorStart_hook_type next_ExecutorStart = nullptr;
ExecutorRun_hook_type next_ExecutorRun = nullptr;
ExecutorFinish_hook_type next_ExecutorFinish = nullptr;
ExecutorEnd_hook_type next_ExecutorEnd = nullptr;

void OnExecutorStart(QueryDesc* query, int flags) {
    if (pg::Settings::log_analyze && (flags & EXEC_FLAG_EXPLAIN_ONLY) == 0 && pg::KeepsPlans() &&
        pg::Settings::slow_from_ns != UINT64_MAX && pg::IsTracked(is_nested)) {
        query->instrument_options |= INSTRUMENT_TIMER | INSTRUMENT_BUFFERS;
    }
    next_ExecutorStart(query, flags);
}

void Run(ELILE_EXECUTOR_RUN_PARAMETERS) { next_ExecutorRun(ELILE_EXECUTOR_RUN_ARGUMENTS); }

void Finish(QueryDesc* query) { next_ExecutorFinish(query); }

// A plan that changes nothing has nothing left to run when it finishes.
bool FinishRunsSomething(const QueryDesc& query) {
    return query.operation != CMD_SELECT || query.plannedstmt->hasModifyingCTE;
}

// Calls into a plan that is not counted. What runs in it is nested all the same.
template <typename Call>
void CallUncounted(Call call) {
    if (pg::IsTracked(false)) {
        CallNested(call);
    } else {
        call();
    }
}

// This is a function of its own so that OnExecutorRun() keeps its parameters in registers.
[[gnu::noinline]] void RunUncounted(ELILE_EXECUTOR_RUN_PARAMETERS) {
    const EnteredPhase before = EnterPhase(core::Phase::kExecute);
    CallUncounted([&] { Run(ELILE_EXECUTOR_RUN_ARGUMENTS); });
    LeavePhase(before);
    if (pg::IsTracked(false) && !IsNested(*query->plannedstmt, query->sourceText)) {
        NoteUncountedEnd();
    }
}

// The destination is the query's own again, whatever comes.
[[gnu::noinline]] void RunSuspect(const Execution* execution, ELILE_EXECUTOR_RUN_PARAMETERS) {
    if (!SeesRowsOf(*execution, query)) {
        Run(ELILE_EXECUTOR_RUN_ARGUMENTS);
        return;
    }
    PG_TRY();
    { Run(ELILE_EXECUTOR_RUN_ARGUMENTS); }
    PG_CATCH();
    {
        EndSeeing(query, true);
        PG_RE_THROW();
    }
    PG_END_TRY();
    EndSeeing(query, false);
}

void OnExecutorRun(ELILE_EXECUTOR_RUN_PARAMETERS) {
    Execution* execution = nullptr;
    // A run that moves nowhere, as FETCH 0 does, is no beginning.
    if (!query->already_executed && !ScanDirectionIsNoMovement(direction)) [[likely]] {
        execution = BeginPlan(query);
        if (execution != nullptr) [[likely]] {
            StartRunning(execution);
        }
    } else {
        execution = FindPlan(query);
        if (execution != nullptr) {
            StartAgain(execution);
            if (execution->statement.key.toplevel) {
                NoteBeforeAgain(execution);
            }
        }
    }
    if (execution == nullptr) {
        RunUncounted(ELILE_EXECUTOR_RUN_ARGUMENTS);
        return;
    }
    if (IsSuspect(execution->statement.key.queryid)) [[unlikely]] {
        RunSuspect(execution, ELILE_EXECUTOR_RUN_ARGUMENTS);
    } else {
        Run(ELILE_EXECUTOR_RUN_ARGUMENTS);
    }
    StopRunning(execution);
    execution->rows += query->estate->es_processed;
}

// AFTER triggers run in here, and the rest of a modifying CTE whose rows nobody asked for.
[[gnu::noinline]] void FinishChanges(QueryDesc* query) {
    Execution* execution = FindPlan(query);
    if (execution == nullptr) {
        CallUncounted([&] { Finish(query); });
        return;
    }
    if (execution->statement.key.toplevel) {
        last_ended_ns = execution->since_ns;  // for the statement has not ended yet
    }
    StartAgain(execution);
    Finish(query);
    StopRunning(execution);
}

void OnExecutorFinish(QueryDesc* query) {
    if (FinishRunsSomething(*query)) {
        FinishChanges(query);
    } else {
        Finish(query);
    }
}

// What JIT and parallel workers did is known only at the end.
void AddFinalUse(const EState& state, core::ResourceUse& use) {
    if (state.es_jit != nullptr) [[unlikely]] {
        pg::GetJitUse(state.es_jit->instr, use);
    }
    if (state.es_jit_worker_instr != nullptr) [[unlikely]] {
        pg::GetJitUse(*state.es_jit_worker_instr, use);
    }
    pg::GetParallelUse(state, use);
}

void OnExecutorEnd(QueryDesc* query) {
    Execution* execution = FindPlan(query);
    if (execution != nullptr && !execution->is_counted) {
        AddFinalUse(*query->estate, execution->use);
        CountInline(execution, 0, query);
        if (execution->rows >= loop_rows_from) [[unlikely]] {
            FollowLoop(*execution, *query);
        }
        EndPlan(execution);
    }
    next_ExecutorEnd(query);
}

}  // namespace

void OnLogAnalyze(bool on, void*) {
    static bool is_installed = false;
    if (on && !is_installed) {
        Chain(ExecutorStart_hook, OnExecutorStart, next_ExecutorStart, standard_ExecutorStart);
        is_installed = true;
    }
}

void InstallExecutorHooks() {
    Chain(ExecutorRun_hook, OnExecutorRun, next_ExecutorRun, standard_ExecutorRun);
    Chain(ExecutorFinish_hook, OnExecutorFinish, next_ExecutorFinish, standard_ExecutorFinish);
    Chain(ExecutorEnd_hook, OnExecutorEnd, next_ExecutorEnd, standard_ExecutorEnd);
}

}  // namespace elile::capture
