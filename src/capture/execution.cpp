#include "capture/execution.hpp"

#include "capture/entries.hpp"
#include "capture/slow_log.hpp"
#include "pg/settings.hpp"

namespace elile::capture {

int nesting_level = 0;
Execution* running = nullptr;
Execution* begun_plans = nullptr;

namespace {

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
    if (!execution->is_counted) {
        Count(execution, 0);
    }
    Unlink(execution);
    execution->query = nullptr;
    execution->next = spare_plans;
    spare_plans = execution;
}

// Before anything runs that is to be counted.
void WatchExit() {
    if (!is_exit_watched) {
        before_shmem_exit(CountAtExit, 0);
        is_exit_watched = true;
    }
}

// Records are kept for the session's life and used again, so that nothing is allocated per run.
Execution* TakeRecord() {
    Execution* execution = spare_plans;
    if (execution != nullptr) [[likely]] {
        spare_plans = execution->next;
    } else {
        WatchExit();
        execution =
            static_cast<Execution*>(MemoryContextAlloc(TopMemoryContext, sizeof(Execution)));
    }
    return execution;
}

void Prepare(Execution* execution, const core::KnownStatement& statement) {
    execution->statement = statement;
    execution->is_counted = false;
    execution->is_measured = false;
    execution->rows = 0;
    execution->elapsed_ns = 0;
    execution->first_run_ns = 0;
    execution->use.Clear();
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

// Of a statement that this session does not know, or whose entry was evicted since.
[[gnu::noinline]] const core::KnownStatement& LookUp(const QueryDesc& query, bool toplevel) {
    static core::KnownStatement unidentified;
    const PlannedStmt& plan = *query.plannedstmt;
    const auto queryid = static_cast<uint64>(plan.queryId);
    const Target target = TargetOf(plan);
    const Source source{query.sourceText, plan.stmt_location, plan.stmt_len};
    const core::StatementKey key =
        queryid != 0 ? KeyFor(queryid, toplevel) : UnidentifiedKeyFor(target, toplevel);
    core::KnownStatement& place = queryid != 0 ? KnownPlaceOf(queryid, toplevel) : unidentified;
    place = FindOrMake(key, target, source);
    return place;
}

// Evicted while it ran. Whoever can, makes the entry anew; in an error's handler its table has it.
void CountEvicted(Execution* execution, const core::Sample& sample) {
    core::StatementStore* store = store::SharedStore();
    const QueryDesc* query = sample.failed ? nullptr : execution->query;
    core::KnownStatement& statement = execution->statement;
    if (query != nullptr && IsTransactionState() && !IsAbortedTransactionBlockState()) {
        const PlannedStmt& plan = *query->plannedstmt;
        statement.handle = MakeEntry(statement.key, statement.target,
                                     {query->sourceText, plan.stmt_location, plan.stmt_len});
    }
    if (query == nullptr || !store->AddExecution(statement.handle, sample, execution->use)) {
        store->AddLeftover(statement.target, sample);
        core::Add(store->Parts().header->dropped, 1);
    }
}

}  // namespace

Execution* BeginPlan(QueryDesc* query) {
    const PlannedStmt& plan = *query->plannedstmt;
    const bool nested = nesting_level > 0;
    core::StatementStore* store = store::SharedStore();
    if (!pg::IsTracked(nested) || IsParallelWorker() || store == nullptr ||
        (!nested && IsAddedByRule(plan))) {
        return nullptr;
    }
    const auto queryid = static_cast<uint64>(plan.queryId);
    if (queryid == 0 && running != nullptr && running->is_utility) {
        return nullptr;  // it belongs to its wrapper
    }
    if (!store->IsReady()) [[unlikely]] {
        core::Add(store->Parts().header->not_ready, 1);
        return nullptr;
    }
    const bool measured = overhead_meter.Picks();
    if (measured) [[unlikely]] {
        overhead_meter.PartBegins();
    }
    const core::KnownStatement& known = KnownPlaceOf(queryid, !nested);
    const core::KnownStatement& statement =
        queryid != 0 && IsKnown(*store, known, queryid, !nested) ? known : LookUp(*query, !nested);
    Execution* execution = TakeRecord();
    Prepare(execution, statement);
    execution->query = query;
    execution->is_utility = false;
    execution->next = begun_plans;
    begun_plans = execution;
    execution->on_reset.func = OnQueryContextReset;
    execution->on_reset.arg = execution;
    MemoryContextRegisterResetCallback(query->estate->es_query_cxt, &execution->on_reset);
    if (measured) [[unlikely]] {
        execution->is_measured = true;
        execution->own_ns = overhead_meter.PartEnds();
    }
    return execution;
}

Execution* FindBegunPlan(const QueryDesc* query) {
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
    WatchExit();
    const bool toplevel = nesting_level == 0;
    const auto queryid = static_cast<uint64>(statement.queryId);
    const Target none{core::Operation::kUtility, InvalidOid};
    const core::StatementKey key =
        queryid != 0 ? KeyFor(queryid, toplevel) : UnidentifiedKeyFor(none, toplevel);
    Prepare(utility,
            FindOrMake(key, none, {source, statement.stmt_location, statement.stmt_len}));
    utility->query = nullptr;
    utility->is_utility = true;
}

void Count(Execution* execution, int sqlstate) {
    BeginPart(*execution);
    execution->is_counted = true;
    core::StatementStore* store = store::SharedStore();
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
    EndPart(execution);
    if (execution->is_measured) [[unlikely]] {
        overhead_meter.Publish(*store->Parts().header, execution->own_ns);
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
