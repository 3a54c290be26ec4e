#include "capture/execution.hpp"
#include "capture/hooks.hpp"
#include "pg/compat.hpp"
#include "pg/settings.hpp"

namespace elile::capture {
namespace {

ExecutorRun_hook_type prev_ExecutorRun = nullptr;
ExecutorFinish_hook_type prev_ExecutorFinish = nullptr;
ExecutorEnd_hook_type prev_ExecutorEnd = nullptr;

void Run(ELILE_EXECUTOR_RUN_PARAMETERS) {
    if (prev_ExecutorRun != nullptr) {
        prev_ExecutorRun(ELILE_EXECUTOR_RUN_ARGUMENTS);
    } else {
        standard_ExecutorRun(ELILE_EXECUTOR_RUN_ARGUMENTS);
    }
}

void Finish(QueryDesc* query) {
    if (prev_ExecutorFinish != nullptr) {
        prev_ExecutorFinish(query);
    } else {
        standard_ExecutorFinish(query);
    }
}

// Nothing runs in the finish of a plan that changes nothing.
bool FinishRunsSomething(const QueryDesc& query) {
    return query.operation != CMD_SELECT || query.plannedstmt->hasModifyingCTE;
}

// Below a plan, counted or not, everything is nested. Deeper down the level is above zero already.
bool RaisesLevel(const Execution* execution) {
    return execution != nullptr || (nesting_level == 0 && pg::IsTracked(false));
}

// A run that moves nowhere, FETCH 0 for one, is no beginning.
Execution* FindOrBegin(QueryDesc* query, ScanDirection direction) {
    return query->already_executed || ScanDirectionIsNoMovement(direction) ? FindPlan(query)
                                                                          : BeginPlan(query);
}

void OnExecutorRun(ELILE_EXECUTOR_RUN_PARAMETERS) {
    Execution* execution = FindOrBegin(query, direction);
    if (!RaisesLevel(execution)) {
        Run(ELILE_EXECUTOR_RUN_ARGUMENTS);
        return;
    }
    const int level = nesting_level;
    if (execution != nullptr) {
        StartRunning(execution);
    }
    PG_TRY();
    {
        nesting_level = level + 1;
        Run(ELILE_EXECUTOR_RUN_ARGUMENTS);
    }
    PG_CATCH();
    {
        nesting_level = level;
        if (execution != nullptr) {
            CountFailure(execution);
        }
        PG_RE_THROW();
    }
    PG_END_TRY();
    nesting_level = level;
    if (execution != nullptr) {
        StopRunning(execution);
        execution->rows += query->estate->es_processed;
    }
}

// Triggers run in here, and what a modifying CTE was not asked for.
[[gnu::noinline]] void FinishChanges(QueryDesc* query) {
    Execution* execution = FindPlan(query);
    if (!RaisesLevel(execution)) {
        Finish(query);
        return;
    }
    const int level = nesting_level;
    if (execution != nullptr) {
        StartRunning(execution);
    }
    PG_TRY();
    {
        nesting_level = level + 1;
        Finish(query);
    }
    PG_CATCH();
    {
        nesting_level = level;
        if (execution != nullptr) {
            CountFailure(execution);
        }
        PG_RE_THROW();
    }
    PG_END_TRY();
    nesting_level = level;
    if (execution != nullptr) {
        StopRunning(execution);
    }
}

void OnExecutorFinish(QueryDesc* query) {
    if (FinishRunsSomething(*query)) {
        FinishChanges(query);
    } else {
        Finish(query);
    }
}

// JIT and parallel workers tell what they did at the end only.
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
        Count(execution, 0);
    }
    if (prev_ExecutorEnd != nullptr) {
        prev_ExecutorEnd(query);
    } else {
        standard_ExecutorEnd(query);
    }
}

}  // namespace

void InstallExecutorHooks() {
    prev_ExecutorRun = ExecutorRun_hook;
    ExecutorRun_hook = OnExecutorRun;
    prev_ExecutorFinish = ExecutorFinish_hook;
    ExecutorFinish_hook = OnExecutorFinish;
    prev_ExecutorEnd = ExecutorEnd_hook;
    ExecutorEnd_hook = OnExecutorEnd;
}

}  // namespace elile::capture
