// The way that every counted execution takes, in line: starting, stopping, counting.
#pragma once

#include "capture/execution.hpp"
#include "capture/overhead.hpp"
#include "capture/slow_log.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {

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

// Of the first run.
inline void StartRunning(Execution* execution) {
    execution->outer = running;
    running = execution;
    execution->is_outermost = !is_nested;
    is_nested = true;
    execution->subtransaction = GetCurrentSubTransactionId();
    execution->on_error.previous = error_context_stack;
    error_context_stack = &execution->on_error;
    execution->buffers = pgBufferUsage;
    execution->wal = pgWalUsage;
    execution->run_began_ns = pg::MonotonicNs();
}

inline void StartAgain(Execution* execution) {
    execution->first_run_ns = FirstRunNs(*execution);
    StartRunning(execution);
}

// However the run ended.
[[gnu::always_inline]] inline void SettleRun(Execution* execution, uint64 ended_ns) {
    execution->elapsed_ns += ended_ns - execution->run_began_ns;
    AddUse(execution);
    running = execution->outer;
    is_nested = !execution->is_outermost;
}

inline void StopRunning(Execution* execution) {
    const uint64 ended_ns = pg::MonotonicNs();
    error_context_stack = execution->on_error.previous;
    SettleRun(execution, ended_ns);
    if (execution->is_measured) [[unlikely]] {
        execution->own_ns += static_cast<int64>(pg::MonotonicNs() - ended_ns);
    }
}

// Count(), where it pays to have it in line.
[[gnu::always_inline]] inline void CountInline(Execution* execution, int sqlstate) {
    const uint64 began_ns = execution->is_measured ? pg::MonotonicNs() : 0;
    execution->is_counted = true;
    core::StatementStore* store = store::attached_store;
    const core::KnownStatement& statement = execution->statement;
    const bool slow = pg::IsSlow(execution->elapsed_ns);
    const core::Sample sample{execution->elapsed_ns, sqlstate == 0 ? execution->rows : 0,
                              sqlstate != 0, slow};
    if (!store->AddExecution(statement.handle, sample, execution->use)) [[unlikely]] {
        CountEvicted(execution, sample);
    }
    if (slow) [[unlikely]] {
        KeepSlow(*execution, sqlstate);
    }
    overhead_meter.AddExecution(statement.key.toplevel ? execution->elapsed_ns : 0);
    if (execution->is_measured) [[unlikely]] {
        const uint64 own_ns = FirstRunNs(*execution) + (pg::MonotonicNs() - began_ns);
        overhead_meter.Publish(*store->Parts().header,
                               execution->own_ns + static_cast<int64>(own_ns));
    }
}

}  // namespace elile::capture
