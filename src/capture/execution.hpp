// Follows one execution of a statement from its first run until it is counted.
//
// A plan's Execution begins with its first ExecutorRun. It ends with whichever of these comes
// first:
//  - ExecutorEnd;
//  - the abort of the subtransaction that it ran in;
//  - the failure of the execution that it ran in;
//  - the end of the session by FATAL;
//  - the reset of its query context, which ends what failed at top level. It is also all that is
//    seen of a portal that ROLLBACK or an error elsewhere closed.
// A utility's Execution lives on the hook's stack. Each Execution is counted once.
//
// No PG_TRY surrounds a plan, for it would cost as much as the counting. An error context callback
// notes the SQLSTATE and the time of an error. An execution that is still running when its memory
// goes has failed with that error.
#pragma once

#include "capture/level.hpp"
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
    uint64 elapsed_ns;    // sum of the runs so far, without the client's pauses
    uint64 first_run_ns;  // monotonic; 0 while the first run is the only one
    uint64 before_ns;     // what the client waited besides; 0 until it is noted
    bool is_utility;
    bool is_counted;
    bool is_measured;
    bool knows_before;                // what the client waited is noted
    bool is_outermost;                // the current run is in no other
    core::PlanOrigin origin;          // set where pg::kKnowsPlanOrigin
    SubTransactionId subtransaction;  // the current run's
    uint64 run_began_ns;              // monotonic
    uint64 since_ns;                  // when the statement before had ended, as the run ended
    uint64 planned_ns;                // if knows_before: the planner's part
    uint64 measured_from_ns;          // if measured: when capturing began, monotonic
    uint64 own_ns;                    // if measured: what capturing took besides its beginning
    core::ResourceUse use;
    BufferUsage buffers;  // as the current run began
    WalUsage wal;
    ErrorContextCallback on_error;
    MemoryContextCallback on_reset;
};

inline uint64 FirstRunNs(const Execution& execution) {
    return execution.first_run_ns != 0 ? execution.first_run_ns : execution.run_began_ns;
}

// What its client has waited for it, as far as that is noted.
inline uint64 ClientNs(const Execution& execution) {
    return execution.elapsed_ns + execution.before_ns;
}

// Where the server version does not tell a plan's origin, the answer is a constant.
inline core::PlanOrigin OriginOf(const Execution& execution) {
    return pg::kKnowsPlanOrigin ? execution.origin : core::kOtherPlan;
}

extern Execution* running;  // the innermost, or null

// Returns when the plan began to run whose execution ended last in this session, monotonic; 0 for
// none.
uint64 LastRunBeganNs();

// To be called before a plan's first ExecutorRun. Returns null for a plan that is not to be
// counted.
Execution* BeginPlan(QueryDesc* query);
// To be called after ExecutorEnd has counted the execution.
void EndPlan(Execution* execution);
// Fills `utility`. StartRunning() links it.
void BeginUtility(Execution* utility, const PlannedStmt& statement, const char* source,
                  bool toplevel);

// Counts the execution; sqlstate 0 means that it succeeded. In an error's handler it touches memory
// only, no catalogue.
void Count(Execution* execution, int sqlstate);

// Counts an execution whose entry was evicted while it ran.
void CountEvicted(Execution* execution, core::FinishedRun run);

// Counts an execution below the threshold while sample_rate is below 1. It is counted with that
// probability, and then as 1/sample_rate executions, so that every sum keeps its expectation.
void CountSampled(Execution* execution, const core::FinishedRun& run);

// To be called in PG_CATCH around a utility. Counts it, and what was running in it, as failed with
// the error at hand.
void CountFailedUtility(Execution* utility);

// Registers for aborts of subtransactions. To be called once, before any session begins.
void WatchSubtransactions();

// The reset callback of a plan's query context. Its argument leads FindPlan() from the plan to its
// Execution.
void OnQueryContextReset(void* execution);

// Returns the Execution of a plan that has begun, or null when it is not counted. Any number of
// cursors may be open, so the plan's own memory leads to it. There it is nearly always the last
// callback.
inline Execution* FindPlan(const QueryDesc* query) {
    const MemoryContextCallback* callback = query->estate->es_query_cxt->reset_cbs;
    while (callback != nullptr && callback->func != OnQueryContextReset) {
        callback = callback->next;
    }
    return callback != nullptr ? static_cast<Execution*>(callback->arg) : nullptr;
}

}  // namespace elile::capture
