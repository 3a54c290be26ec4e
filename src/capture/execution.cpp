#include "capture/execution.hpp"

#include "capture/entries.hpp"
#include "capture/failed_copy.hpp"
#include "capture/n_plus_one.hpp"
#include "capture/phase.hpp"
#include "capture/relations.hpp"
#include "capture/running.hpp"
#include "capture/utility_entries.hpp"
#include "core/shared/table_directory.hpp"
#include "core/statements/store.hpp"
#include "store/places.hpp"

namespace elile::capture {

Execution* running = nullptr;

namespace {

Execution* spare_plans = nullptr;
bool is_session_watched = false;

// The last error raised while something ran.
int error_sqlstate = 0;
uint64 error_ns = 0;  // monotonic

// The server calls this for every message. A notice in an exception handler must not hide the error
// that the handler will raise again.
void NoteError(void* argument) {
    const int sqlstate = geterrcode();
    const int category = ERRCODE_TO_CATEGORY(sqlstate);
    if (category != ERRCODE_SUCCESSFUL_COMPLETION && category != ERRCODE_WARNING &&
        category != ERRCODE_NO_DATA) {
        error_sqlstate = sqlstate;
        error_ns = pg::MonotonicNs();
        auto* execution = static_cast<Execution*>(argument);
        if (execution->statement.key.toplevel && pg::IsSlow(error_ns - last_ended_ns)) {
            NoteBefore(execution, last_ended_ns, error_ns);
        }
        if (pg::IsSlow(ClientNs(*execution) + error_ns - execution->run_began_ns)) {
            CopyForFailure(*execution);
        }
    }
}

// The innermost execution failed: by the error that was noted since its run began, else by one that
// nobody noted.
void FailRunning() {
    Execution* execution = running;
    const bool noted = error_ns >= execution->run_began_ns;
    SettleRun(execution, noted ? error_ns : pg::MonotonicNs());
    const int sqlstate = noted ? error_sqlstate : ERRCODE_INTERNAL_ERROR;
    NoteFailedExecution(*execution, sqlstate);
    Count(execution, sqlstate);
}

void FailAllRunningIn(const Execution* outermost) {
    while (running != outermost) {
        FailRunning();
    }
}

bool IsRunning(const Execution* execution) {
    const Execution* other = running;
    while (other != nullptr && other != execution) {
        other = other->outer;
    }
    return other != nullptr;
}

// An error that a handler caught, as one in PL/pgSQL does, aborts what has run since that handler's
// block began.
void OnSubtransaction(SubXactEvent event, SubTransactionId aborted, SubTransactionId, void*) {
    while (event == SUBXACT_EVENT_ABORT_SUB && running != nullptr && !running->is_utility &&
           running->subtransaction >= aborted) {
        FailRunning();
    }
    if (event == SUBXACT_EVENT_ABORT_SUB) {
        ForgetPhase();
    }
}

// A session that FATAL ends reaches no handler. This callback is registered after the server's own
// ones, so it runs before the transaction is aborted. It touches memory only: an error would be a
// second FATAL.
void CountAtExit(int, Datum) {
    FailAllRunningIn(nullptr);
    EndLoop();
    ReleaseCopies();
}

// Records are kept for the session's life and used again, so that nothing is allocated per run.
void Recycle(Execution* execution) {
    execution->query = nullptr;
    execution->next = spare_plans;
    spare_plans = execution;
}

// Must be called before anything runs that is to be counted.
void WatchSession() {
    if (!is_session_watched) {
        before_shmem_exit(CountAtExit, 0);
        NoteStack();
        WatchLoops();
        is_session_watched = true;
    }
}

Execution* TakeRecord() {
    Execution* execution = spare_plans;
    if (execution != nullptr) [[likely]] {
        spare_plans = execution->next;
    } else {
        WatchSession();
        execution =
            static_cast<Execution*>(MemoryContextAlloc(TopMemoryContext, sizeof(Execution)));
        execution->is_utility = false;
        execution->on_error.callback = NoteError;
        execution->on_error.arg = execution;
        execution->on_reset.func = OnQueryContextReset;
        execution->on_reset.arg = execution;
    }
    return execution;
}

// This is MemoryContextRegisterResetCallback() of mcxt.c, in line.
void RegisterReset(MemoryContextData& context, MemoryContextCallback* callback) {
    callback->next = context.reset_cbs;
    context.reset_cbs = callback;
    context.isReset = false;
}

void Prepare(Execution* execution, const core::KnownStatement& statement) {
    execution->statement = statement;
    execution->is_counted = false;
    execution->is_measured = false;
    execution->knows_before = false;
    execution->rows = 0;
    execution->elapsed_ns = 0;
    execution->first_run_ns = 0;
    execution->before_ns = 0;
    execution->use.Clear();
}

// A command that a rule adds has the statement's identifier and is no execution of its own. Where
// rules replaced the statement whole, its first replacement stands for it. Of a nested statement
// only the plan can tell.
bool IsAddedByRule(const PlannedStmt& plan, bool nested) {
    if (plan.canSetTag) {
        return false;
    }
    if (nested || ActivePortal == nullptr || ActivePortal->stmts == NIL) {
        return IsNotedAsAdded(plan);
    }
    const PlannedStmt* replacement = nullptr;
    ListCell* cell = nullptr;
    foreach (cell, ActivePortal->stmts) {
        const auto* other = lfirst_node(PlannedStmt, cell);
        if (other->canSetTag) {
            return true;
        }
        if (replacement == nullptr && !IsNotedAsAdded(*other)) {
            replacement = other;
        }
    }
    // Beside INSTEAD NOTHING there is only what other rules add.
    return &plan != (replacement != nullptr ? replacement : linitial(ActivePortal->stmts));
}

// A table that found no room is looked for again once there is some.
bool IsDirectoryFull() {
    const core::TableDirectory& tables = store::SharedSegment()->tables;
    if (tables.IsFull()) {
        store::MakeRoomForTables();
    }
    return tables.IsFull();
}

void NoteRelationsOf(const PlannedStmt& plan, uint32 place) {
    ListCell* cell = nullptr;
    foreach (cell, plan.relationOids) {
        NoteRelation(lfirst_oid(cell), place);
    }
}

const core::KnownStatement& FindStatement(const QueryDesc& query, bool toplevel) {
    static core::KnownStatement unidentified;
    const PlannedStmt& plan = *query.plannedstmt;
    const auto queryid = static_cast<uint64>(plan.queryId);
    NoteTypesOf(query.params);
    const TargetRelation target = TargetOf(plan);
    const core::StatementKey key =
        queryid != 0 ? KeyFor(queryid, toplevel) : UnidentifiedKeyFor(target, toplevel);
    const Oid first = pg::FirstRelation(plan);
    core::KnownStatement& place =
        queryid != 0 ? KnownPlaceOf(queryid, first, toplevel) : unidentified;
    if (queryid != 0 && place.relid == target.relid &&
        IsKnown(*store::SharedStore(), place, queryid, kTellsNothing, key.userid, toplevel) &&
        (place.target.table != core::kOtherTables || IsDirectoryFull())) {
        return place;
    }
    const uint32 changes = catalogue_changes;
    if (queryid != 0) {
        WatchCatalogue();
        NoteRelationsOf(plan, static_cast<uint32>(&place - known_statements));
    }
    const core::KnownStatement found =
        FindOrMake(key, {query.sourceText, plan.stmt_location, plan.stmt_len}, target, &plan);
    place = found;
    if (changes != catalogue_changes) {
        place.relid = kTellsNothing;  // so the next execution looks it up again
    } else if (first == target.relid && place.target.table != core::kOtherTables) {
        place.first_relation = first;
    }
    return place;
}

struct FoundStatement {
    const core::KnownStatement* statement;
    uint64 own_ns;     // if measured: processor time that it took
    uint64 passed_ns;  // if measured: time that passed
};

// Looks up a statement that this session does not know, or whose entry was evicted since.
[[gnu::noinline]] FoundStatement LookUp(const QueryDesc& query, bool toplevel, bool is_measured) {
    FoundStatement found = {nullptr, 0, 0};
    const auto look = [&] { found.statement = &FindStatement(query, toplevel); };
    if (is_measured) {
        OverheadMeter::Measure(&found.own_ns, &found.passed_ns, look);
    } else {
        look();
    }
    return found;
}

}  // namespace

void OnQueryContextReset(void* argument) {
    auto* execution = static_cast<Execution*>(argument);
    if (!execution->is_counted) {
        if (IsRunning(execution)) {
            FailAllRunningIn(execution->outer);
        } else {
            Count(execution, 0);
        }
    }
    Recycle(execution);
}

// Another session may have made the same entry at the same time, and this one was folded into it.
// Else it is made anew where the session may allocate. In an error's handler the execution is added
// to its table's leftover.
void CountEvicted(Execution* execution, core::FinishedRun run) {
    core::StatementStore* store = store::SharedStore();
    const QueryDesc* query = run.failed ? nullptr : execution->query;
    core::KnownStatement& statement = execution->statement;
    statement.handle = store->Find(statement.key);
    if (!statement.handle.IsValid() && query != nullptr && IsTransactionState() &&
        !IsAbortedTransactionBlockState()) {
        const PlannedStmt& plan = *query->plannedstmt;
        statement.handle = MakeEntry(statement.key, statement.target, statement.origin,
                                     {query->sourceText, plan.stmt_location, plan.stmt_len});
    }
    const core::PlanOrigin origin = run.failed ? core::kOtherPlan : OriginOf(*execution);
    if (!statement.handle.IsValid() ||
        !store->AddExecution(statement.handle, run, execution->use, 1, origin)) {
        store->AddLeftover(statement.target, run, statement.key.dbid);
        store->CountDropped();
    }
}

void CountSampled(Execution* execution, const core::FinishedRun& run) {
    const double rate = pg::Settings::sample_rate;
    if (pg_prng_double(&pg_global_prng_state) >= rate) {
        return;
    }
    const double exact = 1 / rate;
    auto times = static_cast<uint64>(exact);
    times += pg_prng_double(&pg_global_prng_state) < exact - static_cast<double>(times) ? 1 : 0;
    if (!store::attached_store->AddExecution(execution->statement.handle, run, execution->use,
                                             times, OriginOf(*execution))) {
        CountEvicted(execution, run);
    }
}

Execution* BeginPlan(QueryDesc* query) {
    const Oid userid = GetUserId();  // called first, while little has to be saved across it
    const PlannedStmt& plan = *query->plannedstmt;
    const bool nested = IsNested(plan, query->sourceText);
    core::StatementStore* store = store::SharedStore();
    if (!pg::IsTracked(nested) || IsParallelWorker() || store == nullptr ||
        IsAddedByRule(plan, nested)) {
        return nullptr;
    }
    const auto queryid = static_cast<uint64>(plan.queryId);
    if (queryid == 0 && running != nullptr && running->is_utility) {
        return nullptr;  // it belongs to its wrapper
    }
    if (!store->IsReady()) [[unlikely]] {
        store->CountNotReady();
        return nullptr;
    }
    uint64 began_ns = overhead_meter.Picks() ? pg::MonotonicNs() : 0;
    uint64 own_ns = 0;
    const Oid first = pg::FirstRelation(plan);
    const core::KnownStatement* statement = &KnownPlaceOf(queryid, first, !nested);
    if (queryid == 0 || !IsKnown(*store, *statement, queryid, first, userid, !nested))
        [[unlikely]] {
        const FoundStatement found = LookUp(*query, !nested, began_ns != 0);
        statement = found.statement;
        own_ns = found.own_ns;
        began_ns += found.passed_ns;
    }
    if (statement->handle.IsValid()) [[likely]] {
        store->Expect(statement->handle);
    }
    Execution* execution = TakeRecord();
    Prepare(execution, *statement);
    execution->query = query;
    if constexpr (pg::kKnowsPlanOrigin) {
        execution->origin = pg::OriginOf(plan);
    }
    RegisterReset(*query->estate->es_query_cxt, &execution->on_reset);
    execution->is_measured = began_ns != 0;
    execution->measured_from_ns = began_ns;
    execution->own_ns = own_ns;
    return execution;
}

// Unlinks the callback where it is the context's last one, as it nearly always is. That costs less
// than being called.
void EndPlan(Execution* execution) {
    MemoryContextData& context = *execution->query->estate->es_query_cxt;
    if (context.reset_cbs == &execution->on_reset) [[likely]] {
        context.reset_cbs = execution->on_reset.next;
        Recycle(execution);
    }
}

void BeginUtility(Execution* utility, const PlannedStmt& statement, const char* source,
                  bool toplevel) {
    WatchSession();
    Prepare(utility, FindUtility(statement, source, toplevel));
    utility->query = nullptr;
    utility->origin = core::kOtherPlan;
    utility->is_utility = true;
    utility->on_error.callback = NoteError;
    utility->on_error.arg = utility;
}

void AddRareUse(core::ResourceUse& use, const BufferUsage& then, const WalUsage& wal_then) {
    const auto add = [&use](core::Resource resource, int64 after, int64 before) {
        use.Add(resource, static_cast<uint64>(after - before));
    };
    const BufferUsage& now = pgBufferUsage;
    add(core::kLocalBlksHit, now.local_blks_hit, then.local_blks_hit);
    add(core::kLocalBlksRead, now.local_blks_read, then.local_blks_read);
    add(core::kLocalBlksDirtied, now.local_blks_dirtied, then.local_blks_dirtied);
    add(core::kLocalBlksWritten, now.local_blks_written, then.local_blks_written);
    add(core::kTempBlksRead, now.temp_blks_read, then.temp_blks_read);
    add(core::kTempBlksWritten, now.temp_blks_written, then.temp_blks_written);
    if (track_io_timing) {
        pg::AddBlockTimes(now, then, use);
    }
    const WalUsage& wal = pgWalUsage;
    add(core::kWalRecords, wal.wal_records, wal_then.wal_records);
    add(core::kWalFpi, wal.wal_fpi, wal_then.wal_fpi);
    use.Add(core::kWalBytes, wal.wal_bytes - wal_then.wal_bytes);
    use.Add(core::kWalBuffersFull, pg::WalBuffersFull(wal) - pg::WalBuffersFull(wal_then));
}

void PublishMeasured(Execution* execution, uint64 began_ns) {
    AddFixedWork(execution, pg::MonotonicNs() - began_ns);
    const uint64 beginning_ns = FirstRunNs(*execution) - execution->measured_from_ns;
    if (execution->is_measured && beginning_ns <= kInterruptedNs) {
        overhead_meter.Publish(*store::SharedSegment()->overhead.shared,
                               execution->own_ns + beginning_ns);
    }
}

void Count(Execution* execution, int sqlstate) { CountInline(execution, sqlstate); }

void CountFailedUtility(Execution* utility) {
    NoteFailedUtility(*utility);
    FailAllRunningIn(utility);
    NoteFailedExecution(*utility, geterrcode());
    SettleRun(utility, pg::MonotonicNs());
    Count(utility, geterrcode());
}

uint64 LastRunBeganNs() { return spare_plans != nullptr ? spare_plans->run_began_ns : 0; }

void FailNested() {
    FailAllRunningIn(nullptr);
    is_nested = false;
}

void WatchSubtransactions() { RegisterSubXactCallback(OnSubtransaction, nullptr); }

}  // namespace elile::capture
