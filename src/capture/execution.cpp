#include "capture/execution.hpp"

#include "capture/query_text.hpp"
#include "capture/slow_log.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {

int nesting_level = 0;

namespace {

Execution* begun_plans = nullptr;
Execution* running = nullptr;
Execution* spare_plans = nullptr;
int fatal_sqlstate = 0;
bool is_exit_watched = false;

constexpr int kUnknownFatal = ERRCODE_OPERATOR_INTERVENTION;

// A session that FATAL ends reaches no PG_CATCH. Registered after the server's own callbacks, this
// one runs before the transaction is aborted.
void CountAtExit(int, Datum) {
    while (running != nullptr) {
        Execution* execution = running;
        StopRunning(execution);
        Count(execution, fatal_sqlstate != 0 ? fatal_sqlstate : kUnknownFatal);
    }
}

void Unlink(Execution* execution) {
    for (Execution** link = &begun_plans; *link != nullptr; link = &(*link)->next) {
        if (*link == execution) {
            *link = execution->next;
            return;
        }
    }
}

// The plan's memory goes: the record may be used again.
void OnQueryContextReset(void* argument) {
    auto* execution = static_cast<Execution*>(argument);
    if (execution->has_run && !execution->is_counted) {
        Count(execution, 0);
    }
    Unlink(execution);
    execution->query = nullptr;
    execution->next = spare_plans;
    spare_plans = execution;
}

// Records are kept for the session's life and used again, so that nothing is allocated per run.
Execution* TakeRecord() {
    Execution* execution = spare_plans;
    if (execution != nullptr) {
        spare_plans = execution->next;
    } else {
        execution =
            static_cast<Execution*>(MemoryContextAlloc(TopMemoryContext, sizeof(Execution)));
    }
    return execution;
}

void Prepare(Execution* execution) {
    execution->outer = nullptr;
    execution->has_run = false;
    execution->is_counted = false;
    execution->rows = 0;
    execution->elapsed_ns = 0;
    execution->use.fill(0);
    if (!is_exit_watched) {
        before_shmem_exit(CountAtExit, 0);
        is_exit_watched = true;
    }
}

// What a rule adds to a statement has the statement's identifier and is no execution of its own. A
// statement that rules replaced whole, by other commands, is what its first replacement does.
bool IsAddedByRule(const PlannedStmt& plan) {
    if (plan.canSetTag || ActivePortal == nullptr || ActivePortal->stmts == NIL) {
        return false;
    }
    ListCell* cell = nullptr;
    foreach (cell, ActivePortal->stmts) {
        if (lfirst_node(PlannedStmt, cell)->canSetTag) {
            return true;
        }
    }
    return linitial(ActivePortal->stmts) != &plan;
}

core::StatementKey KeyFor(uint64 queryid, bool toplevel) {
    return {queryid, GetUserId(), MyDatabaseId, toplevel, false};
}

// Executions without an identifier are kept by operation and table, which needs no catalogue.
void MakeUnidentified(core::StatementKey* key, core::Operation operation, Oid relid) {
    key->unidentified = true;
    key->queryid = uint64{relid} << 8 | static_cast<uint64>(operation);
}

void AddUse(Execution* execution) {
    core::ResourceUse& use = execution->use;
    const BufferUsage& now = pgBufferUsage;
    const BufferUsage& then = execution->buffers;
    const auto add = [&use](core::Resource resource, int64 after, int64 before) {
        use[resource] += static_cast<uint64>(after - before);
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
    use[core::kWalRecords] +=
        static_cast<uint64>(pgWalUsage.wal_records - execution->wal.wal_records);
    use[core::kWalFpi] += static_cast<uint64>(pgWalUsage.wal_fpi - execution->wal.wal_fpi);
    use[core::kWalBytes] += pgWalUsage.wal_bytes - execution->wal.wal_bytes;
    use[core::kWalBuffersFull] +=
        pg::WalBuffersFull(pgWalUsage) - pg::WalBuffersFull(execution->wal);
    if (track_io_timing) {
        core::ResourceUse after{};
        core::ResourceUse before{};
        pg::GetBlockTimes(now, after);
        pg::GetBlockTimes(then, before);
        for (int time = core::kSharedBlkReadTime; time <= core::kTempBlkWriteTime; ++time) {
            use[time] += after[time] - before[time];
        }
    }
}

}  // namespace

core::Handle MakeEntry(const core::StatementKey& key, const core::Target& target,
                       const char* source, int location, int length) {
    core::StatementStore* store = store::SharedStore();
    core::SegmentHeader& header = *store->Parts().header;
    core::NewEntry entry{target, 0, static_cast<uint64>(GetCurrentTimestamp())};
    if (!key.unidentified && source != nullptr) {
        MemoryContext scratch = AllocSetContextCreate(
            CurrentMemoryContext, "elile_optimize new statement", ALLOCSET_DEFAULT_SIZES);
        MemoryContext caller = MemoryContextSwitchTo(scratch);
        const QueryText text = NormaliseQuery(source, location, length);
        entry.text = store->Parts().texts.Store({text.text, text.length},
                                                static_cast<uint32>(GetDatabaseEncoding()));
        core::Add(header.texts_cut, text.cut ? 1 : 0);
        core::Add(header.texts_exhausted, entry.text == 0 ? 1 : 0);
        MemoryContextSwitchTo(caller);
        MemoryContextDelete(scratch);
    }
    return store->Insert(key, entry);
}

void BeginPlan(QueryDesc* query) {
    const PlannedStmt& plan = *query->plannedstmt;
    const bool nested = nesting_level > 0;
    core::StatementStore* store = store::SharedStore();
    if (!pg::IsTracked(nested) || IsParallelWorker() || store == nullptr ||
        (!nested && IsAddedByRule(plan))) {
        return;
    }
    const auto queryid = static_cast<uint64>(plan.queryId);
    if (queryid == 0 && running != nullptr && running->is_utility) {
        return;  // it belongs to its wrapper
    }
    if (!store->IsReady()) {
        core::Add(store->Parts().header->not_ready, 1);
        return;
    }
    core::StatementKey key = KeyFor(queryid, !nested);
    if (queryid == 0) {
        const Target target = TargetOf(plan);
        MakeUnidentified(&key, target.operation, target.relid);
    }
    core::Handle handle = store->Find(key);
    core::Target target{};
    if (handle.IsValid()) [[likely]] {
        target = core::TargetOf(store->Parts().entries[handle.slot]);
    } else {
        const Target found = TargetOf(plan);
        target = {TableIndexOf(found.relid), found.operation};
        handle = MakeEntry(key, target, query->sourceText, plan.stmt_location, plan.stmt_len);
    }
    Execution* execution = TakeRecord();
    Prepare(execution);
    execution->query = query;
    execution->is_utility = false;
    execution->key = key;
    execution->handle = handle;
    execution->target = target;
    execution->next = begun_plans;
    begun_plans = execution;
    execution->on_reset.func = OnQueryContextReset;
    execution->on_reset.arg = execution;
    MemoryContextRegisterResetCallback(query->estate->es_query_cxt, &execution->on_reset);
}

// The plan looked for is nearly always the last one begun; another one that is, a cursor, is moved
// to the front, where its next fetch finds it.
Execution* FindPlan(const QueryDesc* query) {
    for (Execution** link = &begun_plans; *link != nullptr; link = &(*link)->next) {
        Execution* execution = *link;
        if (execution->query == query) {
            *link = execution->next;
            execution->next = begun_plans;
            begun_plans = execution;
            return execution;
        }
    }
    return nullptr;
}

void BeginUtility(Execution* utility, const PlannedStmt& statement, const char* source) {
    core::StatementStore* store = store::SharedStore();
    const auto queryid = static_cast<uint64>(statement.queryId);
    core::StatementKey key = KeyFor(queryid, nesting_level == 0);
    Prepare(utility);
    utility->query = nullptr;
    utility->is_utility = true;
    if (queryid == 0) {
        MakeUnidentified(&key, core::Operation::kUtility, InvalidOid);
    }
    utility->key = key;
    utility->target = {TableIndexOf("", ""), core::Operation::kUtility};
    utility->handle = store->Find(key);
    if (!utility->handle.IsValid()) {
        utility->handle =
            MakeEntry(key, utility->target, source, statement.stmt_location, statement.stmt_len);
    }
}

void StartRunning(Execution* execution) {
    execution->outer = running;
    running = execution;
    execution->buffers = pgBufferUsage;
    execution->wal = pgWalUsage;
    execution->run_began_ns = pg::MonotonicNs();
    if (!execution->has_run) {
        execution->has_run = true;
        execution->first_run_ns = execution->run_began_ns;
    }
}

void StopRunning(Execution* execution) {
    execution->elapsed_ns += pg::MonotonicNs() - execution->run_began_ns;
    AddUse(execution);
    running = execution->outer;
}

void Count(Execution* execution, int sqlstate) {
    execution->is_counted = true;
    core::StatementStore* store = store::SharedStore();
    const bool slow = pg::IsSlow(execution->elapsed_ns);
    const core::Sample sample{execution->elapsed_ns, sqlstate == 0 ? execution->rows : 0,
                              sqlstate != 0, slow};
    if (!store->AddExecution(execution->handle, sample, execution->use)) [[unlikely]] {
        // Evicted while it ran. Whoever can, makes it anew; in an error's handler its table has it.
        QueryDesc* query = sqlstate == 0 ? execution->query : nullptr;
        if (query != nullptr && IsTransactionState() && !IsAbortedTransactionBlockState()) {
            execution->handle =
                MakeEntry(execution->key, execution->target, query->sourceText,
                          query->plannedstmt->stmt_location, query->plannedstmt->stmt_len);
        }
        if (query == nullptr || !store->AddExecution(execution->handle, sample, execution->use)) {
            store->AddLeftover(execution->target, sample);
            core::Add(store->Parts().header->dropped, 1);
        }
    }
    if (slow) [[unlikely]] {
        KeepSlow(*execution, sqlstate);
    }
}

// Whatever began to run inside and did not end with it is not running any more.
void CountFailure(Execution* execution) {
    StopRunning(execution);
    Count(execution, geterrcode());
}

void NoteFatal(const ErrorData& error) {
    if (error.elevel >= FATAL) {
        fatal_sqlstate = error.sqlerrcode;
    }
}

}  // namespace elile::capture
