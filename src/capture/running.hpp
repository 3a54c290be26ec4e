// Starts, stops and counts an execution, in line, for every counted execution takes this way.
#pragma once

#include "capture/before.hpp"
#include "capture/execution.hpp"
#include "capture/overhead.hpp"
#include "capture/slow_log.hpp"
#include "core/segment.hpp"
#include "core/statements/overhead.hpp"
#include "core/statements/store.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {

// Adds local and temporary blocks, WAL, and block times where they are measured. `then` and
// `wal_then` are the server's counters at the beginning.
void AddRareUse(core::ResourceUse& use, const BufferUsage& then, const WalUsage& wal_then);

// Whether counters moved that most executions leave alone, told by one comparison. The other WAL
// figures move only with a record.
inline bool RareUseMoved(const BufferUsage& now, const BufferUsage& then, const WalUsage& wal) {
    return ((now.local_blks_hit ^ then.local_blks_hit) |
            (now.local_blks_read ^ then.local_blks_read) |
            (now.local_blks_dirtied ^ then.local_blks_dirtied) |
            (now.local_blks_written ^ then.local_blks_written) |
            (now.temp_blks_read ^ then.temp_blks_read) |
            (now.temp_blks_written ^ then.temp_blks_written) |
            (pgWalUsage.wal_records ^ wal.wal_records)) != 0 ||
           track_io_timing;
}

// Adds what was used since a beginning.
[[gnu::always_inline]] inline void AddUse(core::ResourceUse& use, const BufferUsage& then,
                                          const WalUsage& wal_then) {
    const BufferUsage& now = pgBufferUsage;
    const auto add = [&use](core::Resource resource, int64 after, int64 before) {
        use.Add(resource, static_cast<uint64>(after - before));
    };
    add(core::kSharedBlksHit, now.shared_blks_hit, then.shared_blks_hit);
    add(core::kSharedBlksRead, now.shared_blks_read, then.shared_blks_read);
    add(core::kSharedBlksDirtied, now.shared_blks_dirtied, then.shared_blks_dirtied);
    add(core::kSharedBlksWritten, now.shared_blks_written, then.shared_blks_written);
    if (RareUseMoved(now, then, wal_then)) [[unlikely]] {
        AddRareUse(use, then, wal_then);
    }
}

// Begins a run, the first one or, through StartAgain(), a later one.
inline void StartRunning(Execution* execution) {
    execution->outer = running;
    running = execution;
    execution->is_outermost = !is_nested;
    is_nested = true;
    execution->subtransaction = GetCurrentSubTransactionId();
    execution->on_error.previous = error_context_stack;
    error_context_stack = &execution->on_error;
    pg::CopyBufferUsage(pgBufferUsage, execution->buffers);
    execution->wal = pgWalUsage;
    execution->run_began_ns = pg::MonotonicNs();
}

inline void StartAgain(Execution* execution) {
    execution->first_run_ns = FirstRunNs(*execution);
    StartRunning(execution);
}

// Closes a run, whether it succeeded or failed.
[[gnu::always_inline]] inline void SettleRun(Execution* execution, uint64 ended_ns) {
    const uint64 ran_ns = ended_ns - execution->run_began_ns;
    execution->elapsed_ns += ran_ns;
    AddUse(execution->use, execution->buffers, execution->wal);
    running = execution->outer;
    is_nested = !execution->is_outermost;
    if (execution->statement.key.toplevel) {
        overhead_meter.AddElapsed(ran_ns);
        const uint64 since_ns = last_ended_ns;
        last_ended_ns = ended_ns;
        execution->since_ns = since_ns;
        if (pg::IsSlow(ended_ns - since_ns)) [[unlikely]] {
            NoteBefore(execution, since_ns, ended_ns);
        }
    }
}

// Ends the measuring where the work was interrupted.
inline void AddFixedWork(Execution* execution, uint64 took_ns) {
    execution->own_ns += took_ns;
    execution->is_measured = took_ns <= kInterruptedNs;
}

// Does rare work of any size while an execution is counted. `began_ns` is when that began.
template <typename Work>
[[gnu::always_inline]] inline void DoRareWork(Execution* execution, uint64* began_ns, Work work) {
    if (execution->is_measured) [[unlikely]] {
        OverheadMeter::Measure(&execution->own_ns, began_ns, work);
    } else {
        work();
    }
}

// To be called for a measured execution, at its end. `began_ns` is when the counting began.
void PublishMeasured(Execution* execution, uint64 began_ns);

[[gnu::always_inline]] inline void StopRunning(Execution* execution) {
    const uint64 ended_ns = pg::MonotonicNs();
    error_context_stack = execution->on_error.previous;
    SettleRun(execution, ended_ns);
    if (execution->is_measured) [[unlikely]] {
        AddFixedWork(execution, pg::MonotonicNs() - ended_ns);
    }
}

// Does what Count() does, in line, where that pays. `query` is KeepSlow()'s.
[[gnu::always_inline]] inline void CountInline(Execution* execution, int sqlstate,
                                               QueryDesc* query = nullptr) {
    uint64 began_ns = execution->is_measured ? pg::MonotonicNs() : 0;
    execution->is_counted = true;
    core::StatementStore* store = store::attached_store;
    const core::KnownStatement& statement = execution->statement;
    const bool slow = pg::IsSlow(ClientNs(*execution));
    const core::FinishedRun run{execution->elapsed_ns, sqlstate == 0 ? execution->rows : 0,
                                sqlstate != 0, slow};
    const core::PlanOrigin origin = sqlstate == 0 ? OriginOf(*execution) : core::kOtherPlan;
    if (pg::Settings::sample_rate < 1 && !slow && sqlstate == 0) [[unlikely]] {
        CountSampled(execution, run);
    } else if (!store->AddExecution(statement.handle, run, execution->use, 1, origin))
        [[unlikely]] {
        DoRareWork(execution, &began_ns, [&] { CountEvicted(execution, run); });
    }
    if (slow) [[unlikely]] {
        DoRareWork(execution, &began_ns, [&] { KeepSlow(*execution, sqlstate, query); });
    }
    overhead_meter.AddExecution();
    if (execution->is_measured) [[unlikely]] {
        PublishMeasured(execution, began_ns);
    }
}

}  // namespace elile::capture
