#include "capture/execution.hpp"
#include "capture/hooks.hpp"
#include "pg/compat.hpp"
#include "pg/settings.hpp"

namespace elile::capture {
namespace {

ExecutorStart_hook_type prev_ExecutorStart = nullptr;
ExecutorRun_hook_type prev_ExecutorRun = nullptr;
ExecutorFinish_hook_type prev_ExecutorFinish = nullptr;
ExecutorEnd_hook_type prev_ExecutorEnd = nullptr;

// An error in here, a missing permission for one, comes before the execution: it is none.
void OnExecutorStart(QueryDesc* query, int flags) {
    if (prev_ExecutorStart != nullptr) {
        prev_ExecutorStart(query, flags);
    } else {
        standard_ExecutorStart(query, flags);
    }
    if ((flags & EXEC_FLAG_EXPLAIN_ONLY) == 0) {
        BeginPlan(query);
    }
}

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

void OnExecutorRun(ELILE_EXECUTOR_RUN_PARAMETERS) {
    Execution* execution = FindPlan(query);
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

void OnExecutorFinish(QueryDesc* query) {
    Execution* execution = FinishRunsSomething(*query) ? FindPlan(query) : nullptr;
    if (!FinishRunsSomething(*query) || !RaisesLevel(execution)) {
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

void OnExecutorEnd(QueryDesc* query) {
    Execution* execution = FindPlan(query);
    if (execution != nullptr && execution->has_run && !execution->is_counted) {
        if (query->estate->es_jit != nullptr) {
            pg::GetJitUse(query->estate->es_jit->instr, execution->use);
        }
        if (query->estate->es_jit_worker_instr != nullptr) {
            pg::GetJitUse(*query->estate->es_jit_worker_instr, execution->use);
        }
        pg::GetParallelUse(*query->estate, execution->use);
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
    prev_ExecutorStart = ExecutorStart_hook;
    ExecutorStart_hook = OnExecutorStart;
    prev_ExecutorRun = ExecutorRun_hook;
    ExecutorRun_hook = OnExecutorRun;
    prev_ExecutorFinish = ExecutorFinish_hook;
    ExecutorFinish_hook = OnExecutorFinish;
    prev_ExecutorEnd = ExecutorEnd_hook;
    ExecutorEnd_hook = OnExecutorEnd;
}

}  // namespace elile::capture
