#include "keeper/index_builder.hpp"

#include "core/indexes/board.hpp"
#include "core/segment.hpp"
#include "indexes/journal.hpp"
#include "indexes/latency.hpp"
#include "indexes/rights.hpp"
#include "indexes/set_status.hpp"
#include "keeper/command.hpp"
#include "keeper/worker_session.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

BuilderTask task;
object_access_hook_type prev_object_access = nullptr;
// True while CREATE INDEX CONCURRENTLY runs: then the hook notes the new index in `made_index`,
// until the journal has it.
bool is_making_index = false;
Oid made_index = InvalidOid;

uint64 Key() { return core::BuildKey(task.dbid, static_cast<uint64>(task.build)); }

core::BuildBoard& Board() { return store::RequireSegment().builds; }

void OnExit(int, Datum) { Board().Free(task.slot, Key()); }

void OnObjectAccess(ObjectAccessType access, Oid class_oid, Oid object, int column,
                    void* argument) {
    if (prev_object_access != nullptr) {
        prev_object_access(access, class_oid, object, column, argument);
    }
    if (is_making_index && access == OAT_POST_CREATE && class_oid == RelationRelationId &&
        column == 0) {
        made_index = object;
    }
}

// Writes the new index into the journal before the first transaction of CREATE INDEX CONCURRENTLY
// commits. So there is no unfinished index that the journal does not know. This is also the last
// chance to hear that the build was cancelled before there is an index.
void OnTransactionEnd(XactEvent event, void*) {
    if (event != XACT_EVENT_PRE_COMMIT || !OidIsValid(made_index)) {
        return;
    }
    const Oid index = made_index;
    made_index = InvalidOid;
    is_making_index = false;
    if (!indexes::HasJournal() || !indexes::NoteIndex(task.build, index)) {
        ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("the build was cancelled")));
    }
}

void SetOption(const char* name, const char* value) {
    SetConfigOption(name, value, PGC_SUSET, PGC_S_SESSION);
}

void Connect() {
    ConnectAs(task.dbid, task.userid, task.may_log_in);
    if (pg::Settings::index_build_memory != pg::kServersMemory) {
        char kilobytes[16];
        pg_snprintf(kilobytes, sizeof(kilobytes), "%d",
                    Max(pg::Settings::index_build_memory, 1024));
        SetOption("maintenance_work_mem", kilobytes);
    }
    prev_object_access = object_access_hook;
    object_access_hook = OnObjectAccess;
    RegisterXactCallback(OnTransactionEnd, nullptr);
}

struct Failure {
    int sqlstate;
    char message[512];
};

// Runs `body`, which opens and ends its own transactions. Returns false when it raised an error:
// everything is rolled back, and `failure` says why.
template <typename Body>
bool Try(Failure* failure, Body body) {
    volatile bool done = false;
    MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
    PG_TRY();
    {
        body();
        done = true;
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(TopMemoryContext);
        ErrorData* error = CopyErrorData();
        is_making_index = false;
        made_index = InvalidOid;
        failure->sqlstate = SwallowError(TopMemoryContext);
        strlcpy(failure->message, error->message != nullptr ? error->message : "unknown error",
                sizeof(failure->message));
        FreeErrorData(error);
        pgstat_report_activity(STATE_IDLE, nullptr);
    }
    PG_END_TRY();
    MemoryContextSwitchTo(context);
    return done;
}

bool IsInterrupt(int sqlstate) {
    return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_OPERATOR_INTERVENTION;
}

// Whether the same build might work later. It will not when the statement itself, a right or a
// value is wrong.
bool MayRetry(int sqlstate) {
    switch (ERRCODE_TO_CATEGORY(sqlstate)) {
        case ERRCODE_FEATURE_NOT_SUPPORTED:
        case ERRCODE_DATA_EXCEPTION:
        case ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION:
        case ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION:
        case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
            return false;
        default:
            return true;
    }
}

// Reads the build's present row in the journal. Returns false when the extension or the row is
// gone.
bool Load(indexes::Build* build) {
    StartTransactionCommand();
    const bool found = indexes::HasJournal() && indexes::LoadBuild(task.build, build);
    CommitTransactionCommand();
    return found;
}

void SetPhase(const char* phase) {
    StartTransactionCommand();
    indexes::SetPhase(task.build, phase);
    CommitTransactionCommand();
}

// Drops the unfinished index, unless it has become valid or is gone. A lock on the index keeps its
// name until it is dropped.
void Remove(Oid index) {
    StartTransactionCommand();
    LockRelId lock = {index, MyDatabaseId};
    LockRelationIdForSession(&lock, ShareUpdateExclusiveLock);
    HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
    const bool is_there = HeapTupleIsValid(tuple);
    const bool is_valid = is_there && reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple))->indisvalid;
    char* sql = nullptr;
    if (is_there) {
        ReleaseSysCache(tuple);
    }
    if (is_there && !is_valid) {
        sql = MemoryContextStrdup(
            TopMemoryContext,
            psprintf("drop index concurrently %s",
                     quote_qualified_identifier(get_namespace_name(get_rel_namespace(index)),
                                                get_rel_name(index))));
    }
    CommitTransactionCommand();
    if (sql != nullptr) {
        RunCommand(sql);
        pfree(sql);
    }
    UnlockRelationIdForSession(&lock, ShareUpdateExclusiveLock);
    StartTransactionCommand();
    indexes::NoteIndex(task.build, InvalidOid);
    CommitTransactionCommand();
}

// Looks whether the table's lock is free, and does not queue for it. A place in the queue would
// make autovacuum give way, and others would wait behind it.
bool IsLockFree(Oid table) {
    StartTransactionCommand();
    const bool is_free = ConditionalLockRelationOid(table, ShareUpdateExclusiveLock);
    CommitTransactionCommand();
    return is_free;
}

void Unclaim(const char* phase) {
    constexpr int kRetrySeconds = 2;
    StartTransactionCommand();
    indexes::Unclaim(task.build, phase, kRetrySeconds);
    CommitTransactionCommand();
}

// The table on which the index is to be built. It must still be the table that the build was asked
// for, and the asking role must still have the right.
struct Place {
    const core::SetIndex* index;
    Oid table;
    bool is_partitioned;
    bool is_there;  // an index of the same definition exists
};

Place FindPlace(const indexes::Build& build) {
    StartTransactionCommand();
    Place place = {};
    place.index = indexes::FindInSet(NameStr(build.name));
    const Oid schema = get_namespace_oid(NameStr(build.schema), true);
    place.table = OidIsValid(schema) ? get_relname_relid(NameStr(build.table), schema) : InvalidOid;
    if (place.index == nullptr || place.table != build.table_oid) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("table \"%s.%s\" was dropped or replaced", NameStr(build.schema),
                               NameStr(build.table))));
    }
    indexes::RequireRightToIndex(place.table, build.userid);
    place.is_partitioned = get_rel_relkind(place.table) == RELKIND_PARTITIONED_TABLE;
    place.is_there = OidIsValid(indexes::MatchingIndex(*place.index, place.table));
    CommitTransactionCommand();
    return place;
}

// Builds one index. Meanwhile the journal knows it as unfinished, by OnTransactionEnd(). Once the
// index is valid, the journal forgets it, so that nobody removes it.
void CreateConcurrently(char* sql) {
    is_making_index = true;
    RunCommand(sql);
    is_making_index = false;
    StartTransactionCommand();
    indexes::NoteIndex(task.build, InvalidOid);
    CommitTransactionCommand();
}

// A leaf of the partitioned table that lacks the index; InvalidOid when none does.
Oid NextLeaf(const Place& place) {
    Oid leaf = InvalidOid;
    const List* relations = find_all_inheritors(place.table, AccessShareLock, nullptr);
    const ListCell* cell = nullptr;
    foreach (cell, relations) {
        const Oid relation = lfirst_oid(cell);
        if (get_rel_relkind(relation) == RELKIND_RELATION &&
            !OidIsValid(indexes::MatchingIndex(*place.index, relation))) {
            leaf = relation;
            break;
        }
    }
    return leaf;
}

char* SqlFor(const Place& place, const char* name, Oid table, bool concurrently) {
    char* sql =
        indexes::CreateIndexSql(*place.index, name, get_namespace_name(get_rel_namespace(table)),
                                get_rel_name(table), concurrently);
    return MemoryContextStrdup(TopMemoryContext, sql);
}

// Builds the index of a partitioned table, for which PostgreSQL has no CONCURRENTLY. First each
// leaf gets its index concurrently. Then the parent's is created, which only adopts the leaves' and
// takes a moment. Its lock stops writers, so the wait for it is short; while it is held no leaf can
// be added.
void BuildOnPartitions(const indexes::Build& build, const Place& place) {
    Oid built = InvalidOid;
    for (;;) {
        StartTransactionCommand();
        const Oid leaf = NextLeaf(place);
        if (OidIsValid(leaf) && leaf == built) {
            elog(ERROR, "the index on partition \"%s\" is not like that of its table",
                 get_rel_name(leaf));
        }
        built = leaf;
        char* sql = OidIsValid(leaf) ? SqlFor(place, nullptr, leaf, true) : nullptr;
        CommitTransactionCommand();
        if (sql != nullptr) {
            CreateConcurrently(sql);
            pfree(sql);
            continue;
        }
        StartTransactionCommand();
        SetOption("lock_timeout", "500ms");
        LockRelationOid(place.table, ShareLock);
        const bool is_complete = !OidIsValid(NextLeaf(place));
        if (is_complete) {
            sql = SqlFor(place, NameStr(build.name), place.table, false);
            PushActiveSnapshot(GetTransactionSnapshot());
            SPI_connect();
            SPI_execute(sql, false, 0);
            SPI_finish();
            PopActiveSnapshot();
            pfree(sql);
        }
        SetOption("lock_timeout", "0");
        CommitTransactionCommand();
        if (is_complete) {
            return;
        }
    }
}

// Returns true when the index exists now, and false when the build must wait for a lock.
bool BuildIt(const indexes::Build& build) {
    const Place place = FindPlace(build);
    if (place.is_there) {
        return true;
    }
    if (!IsLockFree(place.table)) {
        return false;
    }
    StartTransactionCommand();
    indexes::NoteLatencyBefore(task.build, place.table);
    char* sql = SqlFor(place, NameStr(build.name), place.table, true);
    CommitTransactionCommand();
    if (place.is_partitioned) {
        BuildOnPartitions(build, place);
    } else {
        CreateConcurrently(sql);
    }
    pfree(sql);
    StartTransactionCommand();
    indexes::NoteLatencyThen(task.build, place.table);
    CommitTransactionCommand();
    return true;
}

// Removes the index that the journal knows as unfinished, then settles the build. An index that
// cannot be removed now stays in the journal, and the coordinator tries again.
void CleanUp(const char* error, bool may_retry) {
    indexes::Build build = {};
    Failure failure = {};
    if (!Load(&build)) {
        return;
    }
    if (OidIsValid(build.index_oid)) {
        SetPhase("removing the unfinished index");
        if (!Try(&failure, [&build] { Remove(build.index_oid); })) {
            ereport(LOG, (errmsg("could not remove the unfinished index of build %lld: %s",
                                 static_cast<long long>(build.id), failure.message)));
            return;
        }
    }
    StartTransactionCommand();
    indexes::Settle(task.build, error, may_retry);
    CommitTransactionCommand();
}

void Build() {
    indexes::Build build = {};
    if (!Load(&build) || !build.is_building) {
        return;
    }
    if (build.cancel) {
        CleanUp(nullptr, false);
        return;
    }
    Failure failure = {};
    bool is_built = false;
    const bool succeeded = Try(&failure, [&build, &is_built] { is_built = BuildIt(build); });
    if (!succeeded) {
        const bool may_retry = IsInterrupt(failure.sqlstate) || MayRetry(failure.sqlstate);
        ereport(LOG,
                (errmsg("could not build index \"%s\": %s", NameStr(build.name), failure.message)));
        CleanUp(failure.message, may_retry);
        return;
    }
    if (!is_built) {
        Unclaim("waiting for a lock on the table");
        return;
    }
    StartTransactionCommand();
    if (indexes::HasJournal()) {
        indexes::Finish(task.build);
    }
    CommitTransactionCommand();
}

}  // namespace
}  // namespace elile::keeper

using namespace elile::keeper;

extern "C" PGDLLEXPORT void elile_index_builder_main(Datum) {
    memcpy(&task, MyBgworkerEntry->bgw_extra, sizeof(task));
    pqsignal(SIGTERM, die);
    Board().SetPid(task.slot, static_cast<uint32>(MyProcPid));
    before_shmem_exit(OnExit, 0);
    BackgroundWorkerUnblockSignals();
    Connect();
    if (task.removes) {
        CleanUp(nullptr, true);
    } else {
        Build();
    }
    proc_exit(0);
}
