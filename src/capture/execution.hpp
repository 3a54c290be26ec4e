// One run of a statement, from its first row to its last, and what becomes of it.
//
// A plan's Execution begins with its first ExecutorRun and ends in one of four ways, whichever
// comes first: ExecutorEnd; an error in ExecutorRun or ExecutorFinish; the end of the session by
// FATAL; or the reset of its query context, which is all that is seen of a portal that ROLLBACK or
// an error elsewhere closed. A utility's Execution lives on the hook's stack. Each is counted once.
#pragma once

#include "capture/overhead.hpp"
#include "core/statement.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

struct Execution {
    Execution* next;   // among the plans of this session that have begun
    Execution* outer;  // what was running when this one began to run
    QueryDesc* query;  // null for a utility, and once the plan's memory is gone
    core::KnownStatement statement;
    bool is_utility;
    bool is_counted;
    bool is_measured;
    int64 own_ns;  // what capturing a measured one took so far
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
extern Execution* running;      // the innermost, or null
extern Execution* begun_plans;  // the plans that have begun and have memory yet

// Before a plan's first ExecutorRun. Null for a plan that is not to be counted.
Execution* BeginPlan(QueryDesc* query);
// Fills `utility`. It is not linked anywhere until it runs.
void BeginUtility(Execution* utility, const PlannedStmt& statement, const char* source);

// Counts it. sqlstate 0: it succeeded. In an error's handler: memory only, no catalogue.
void Count(Execution* execution, int sqlstate);

// In PG_CATCH: counts what was running as failed with the error at hand.
void CountFailure(Execution* execution);

// Makes FATAL errors leave their SQLSTATE for the count at the session's end.
void NoteFatal(const ErrorData& error);

// The Execution of a plan that has begun, or null when it is not counted. It is nearly always the
// last one begun; another one that is, a cursor, is moved to the front, where its next fetch finds
// it.
Execution* FindBegunPlan(const QueryDesc* query);
inline Execution* FindPlan(const QueryDesc* query) {
    return begun_plans != nullptr && begun_plans->query == query ? begun_plans
                                                                 : FindBegunPlan(query);
}

inline void AddWalUse(const WalUsage& then, core::ResourceUse& use) {
    const WalUsage& now = pgWalUsage;
    use.Add(core::kWalRecords, static_cast<uint64>(now.wal_records - then.wal_records));
    use.Add(core::kWalFpi, static_cast<uint64>(now.wal_fpi - then.wal_fpi));
    use.Add(core::kWalBytes, now.wal_bytes - then.wal_bytes);
    use.Add(core::kWalBuffersFull, pg::WalBuffersFull(now) - pg::WalBuffersFull(then));
}

[[gnu::always_inline]] inline void AddUse(Execution* execution) {
    core::ResourceUse& use = execution->use;
    const BufferUsage& now = pgBufferUsage;
    const BufferUsage& then = execution->buffers;
    const auto add = [&use](core::Resource resource, int64 after, int64 before) {
        use.Add(resource, static_cast<uint64>(after - before));
    };
    add(core::kSharedBlksHit, now.shared_blks_hit, then.shared_blks_hit);
    add(core::kSharedBlksRead, now.shared_blks_read, then.shared_blks_read);
    add(core::kSharedBlksDirtied, now.shared_blks_dirtied, then.shared_blks_dirtied);
    add(core::kSharedBlksWritten, now.shared_blks_written, then.shared_blks_written);
    add(core::kLocalBlksHit, now.local_blks_hit, then.local_blks_hit);
    add(core::kLocalBlksRead, now.local_blks_read, then.local_blks_read);
    add(core::kLocalBlksDirtied, now.local_blks_dirtied, then.local_blks_dirtied);
    add(core::kLocalBlksWritten, now.local_blks_written, then.local_blks_written);
    add(core::kTempBlksRead, now.temp_blks_read, then.temp_blks_read);
    add(core::kTempBlksWritten, now.temp_blks_written, then.temp_blks_written);
    // The other WAL figures move only with a record.
    if (pgWalUsage.wal_records != execution->wal.wal_records) {
        AddWalUse(execution->wal, use);
    }
    if (track_io_timing) [[unlikely]] {
        pg::AddBlockTimes(now, then, use);
    }
}

// A measured execution's own work lies between the two.
inline void BeginPart(const Execution& execution) {
    if (execution.is_measured) [[unlikely]] {
        overhead_meter.PartBegins();
    }
}

inline void EndPart(Execution* execution) {
    if (execution->is_measured) [[unlikely]] {
        execution->own_ns += overhead_meter.PartEnds();
    }
}

inline void StartRunning(Execution* execution) {
    BeginPart(*execution);
    execution->outer = running;
    running = execution;
    execution->buffers = pgBufferUsage;
    execution->wal = pgWalUsage;
    execution->run_began_ns = pg::MonotonicNs();
    if (execution->first_run_ns == 0) {
        execution->first_run_ns = execution->run_began_ns;
    }
    EndPart(execution);
}

inline void StopRunning(Execution* execution) {
    BeginPart(*execution);
    execution->elapsed_ns += pg::MonotonicNs() - execution->run_began_ns;
    AddUse(execution);
    running = execution->outer;
    EndPart(execution);
}

}  // namespace elile::capture
