// One run of a statement, from its first row to its last, and what becomes of it.
//
// A plan's Execution begins with its first ExecutorRun and ends in one of five ways, whichever
// comes first: ExecutorEnd; the abort of the subtransaction that it ran in; the failure of what it
// ran in; the end of the session by FATAL; or the reset of its query context, which ends what
// failed at top level and is all that is seen of a portal that ROLLBACK or an error elsewhere
// closed. A utility's Execution lives on the hook's stack. Each is counted once.
//
// No PG_TRY surrounds a plan: it would cost as much as the counting. An error context callback
// notes what went wrong and when; who is still running when its memory goes has failed with that.
#pragma once

#include "core/statements/statement.hpp"
#include "pg/plan_compat.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

struct Execution {
    Execution* next;   // among the records that wait to be used again
    Execution* outer;  // what was running when this one began to run
    QueryDesc* query;  // null for a utility, and once the plan's memory is gone
    core::KnownStatement statement;
    uint64 rows;
    uint64 elapsed_ns;    // of the runs so far, without the client's pauses
    uint64 first_run_ns;  // monotonic; 0 while the first run is the only one
    bool is_utility;
    bool is_counted;
    bool is_measured;
    bool is_outermost;                // of the run: it ran in no other
    core::PlanOrigin origin;          // set where pg::kKnowsPlanOrigin
    SubTransactionId subtransaction;  // of the run
    uint64 run_began_ns;              // monotonic
    int64 own_ns;                     // what capturing a measured one took, less when it began
    core::ResourceUse use;
    BufferUsage buffers;  // as the run began
    WalUsage wal;
    ErrorContextCallback on_error;
    MemoryContextCallback on_reset;
};

inline uint64 FirstRunNs(const Execution& execution) {
    return execution.first_run_ns != 0 ? execution.first_run_ns : execution.run_began_ns;
}

// Known for good when the server version does not tell.
inline core::PlanOrigin OriginOf(const Execution& execution) {
    return pg::kKnowsPlanOrigin ? execution.origin : core::kOtherPlan;
}

// Whether what comes next runs in a statement or in planning.
extern bool is_nested;
extern Execution* running;  // the innermost, or null

// Before a plan's first ExecutorRun. Null for a plan that is not to be counted.
Execution* BeginPlan(QueryDesc* query);
// After ExecutorEnd has counted it.
void EndPlan(Execution* execution);
// Fills `utility`. It is not linked anywhere until it runs.
void BeginUtility(Execution* utility, const PlannedStmt& statement, const char* source);

// Counts it. sqlstate 0: it succeeded. In an error's handler: memory only, no catalogue.
void Count(Execution* execution, int sqlstate);

// Counts one whose entry was evicted while it ran.
void CountEvicted(Execution* execution, core::FinishedRun run);

// Counts one below the threshold while sample_rate is below 1: with that probability, and then for
// 1/sample_rate executions, so that every sum keeps its expectation.
void CountSampled(Execution* execution, const core::FinishedRun& run);

// In PG_CATCH around a utility: counts it, and what was running in it, as failed with the error at
// hand.
void CountFailedUtility(Execution* utility);

// Once, before any session: sees subtransactions abort.
void WatchSubtransactions();

// As a plan's memory goes: the callback that leads from the plan to its Execution.
void OnQueryContextReset(void* execution);

// The Execution of a plan that has begun, or null when it is not counted. Any number of cursors may
// be open, so it is looked for in the plan's own memory, where it is nearly always the last
// callback.
inline Execution* FindPlan(const QueryDesc* query) {
    const MemoryContextCallback* callback = query->estate->es_query_cxt->reset_cbs;
    while (callback != nullptr && callback->func != OnQueryContextReset) {
        callback = callback->next;
    }
    return callback != nullptr ? static_cast<Execution*>(callback->arg) : nullptr;
}

}  // namespace elile::capture
