// One run of a statement, from its first row to its last, and what becomes of it.
//
// A plan's Execution begins in ExecutorStart and ends in one of four ways, whichever comes first:
// ExecutorEnd; an error in ExecutorRun or ExecutorFinish; the end of the session by FATAL; or the
// reset of its query context, which is all that is seen of a portal that ROLLBACK or an error
// elsewhere closed. A utility's Execution lives on the hook's stack. Each is counted once.
#pragma once

#include "capture/target.hpp"
#include "core/statement.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

struct Execution {
    Execution* next;   // among the plans of this session that have begun
    Execution* outer;  // what was running when this one began to run
    QueryDesc* query;  // null for a utility, and once the plan's memory is gone
    bool is_utility;
    bool has_run;
    bool is_counted;
    core::StatementKey key;
    core::Handle handle;
    core::Target target;
    uint64 rows;
    uint64 first_run_ns;  // monotonic
    uint64 run_began_ns;  // monotonic
    uint64 elapsed_ns;    // of the runs so far, without the client's pauses
    core::ResourceUse use;
    BufferUsage buffers;  // as the run began
    WalUsage wal;
    MemoryContextCallback on_reset;
};

// How deep in statements and planning this session is; 0 outside all.
extern int nesting_level;

// After ExecutorStart. Does nothing for a plan that is not to be counted.
void BeginPlan(QueryDesc* query);
// The plan's Execution, or null when it is not counted.
Execution* FindPlan(const QueryDesc* query);
// Fills `utility`. It is not linked anywhere until it runs.
void BeginUtility(Execution* utility, const PlannedStmt& statement, const char* source);

void StartRunning(Execution* execution);
void StopRunning(Execution* execution);
// Counts it. sqlstate 0: it succeeded. In an error's handler: memory only, no catalogue.
void Count(Execution* execution, int sqlstate);

// In PG_CATCH: counts what was running as failed with the error at hand.
void CountFailure(Execution* execution);

// Makes FATAL errors leave their SQLSTATE for the count at the session's end.
void NoteFatal(const ErrorData& error);

// The entry for a statement, made with text and names when it is new.
core::Handle MakeEntry(const core::StatementKey& key, const core::Target& target,
                       const char* source, int location, int length);

}  // namespace elile::capture
