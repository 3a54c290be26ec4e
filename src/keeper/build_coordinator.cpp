// The build coordinator: the worker that decides which build of its database may begin, and starts
// a builder for it.
//
// It reads the journal once a second and whenever a builder ends. Where the journal has a build at
// work and the board has no builder for it, something ended that builder. Then a new builder first
// removes the unfinished index, as that index's owner.
//
// A coordinator is pg_monitor. It acts as pg_read_all_stats, or on the journal as the journal's
// owner.
#include "core/indexes/board.hpp"
#include "core/segment.hpp"
#include "indexes/journal.hpp"
#include "indexes/journal_table.hpp"
#include "indexes/rights.hpp"
#include "keeper/build_dispatcher.hpp"
#include "keeper/index_builder.hpp"
#include "keeper/worker_session.hpp"
#include "keeper/worker_start.hpp"
#include "pg/identity.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

constexpr long kIntervalMs = 1000;
constexpr int kRetryRemovalSeconds = 5;
constexpr int kIdleRounds = 3;  // then it makes room for another database's coordinator
constexpr int kMostOpen = 1000;

Oid database = InvalidOid;
bool is_connected = false;
bool is_finished = false;

// The builders that this coordinator started.
struct Started {
    BackgroundWorkerHandle* handle;
    uint64 key;
};
Started started[core::kBuildSlots];  // by slot

// The slot of the board that is taken while its builder is not yet started.
struct Taken {
    uint32 slot;
    uint64 key;  // 0: none
};
Taken taken = {0, 0};

core::BuildBoard& Board() { return store::RequireSegment().builds; }

// Counts the builders that still run. A builder that never came to run cannot free its slot, so
// that is done here.
int CountStarted() {
    int running = 0;
    for (uint32 slot = 0; slot < core::kBuildSlots; ++slot) {
        pid_t pid = 0;
        Started& one = started[slot];
        if (one.handle == nullptr) {
            continue;
        }
        if (GetBackgroundWorkerPid(one.handle, &pid) == BGWH_STOPPED) {
            Board().Free(slot, one.key);
            pfree(one.handle);
            one.handle = nullptr;
        } else {
            ++running;
        }
    }
    return running;
}

struct OpenBuilds {
    indexes::Build* builds;
    int count;
};

OpenBuilds ReadOpen() {
    OpenBuilds open = {};
    open.builds =
        static_cast<indexes::Build*>(palloc(sizeof(indexes::Build) * static_cast<Size>(kMostOpen)));
    const char* sql = psprintf(
        "select %s from @journal"
        " where state in ('queued', 'building')"
        " order by state, id limit %d for update skip locked",
        indexes::kBuildColumns, kMostOpen);
    indexes::ForEachRow(sql, {}, [&open](HeapTuple row, TupleDesc columns) {
        open.builds[open.count++] = indexes::BuildFrom(row, columns);
    });
    return open;
}

// Whether the time has come for a build that ReadOpen() returned.
bool IsDue(const indexes::Build& build) {
    return indexes::RunOnJournal(
               "select from @journal"
               " where id = $1 and not_before <= clock_timestamp()",
               {indexes::Bigint(build.id)}) > 0;
}

// Whether `sql`, a query of the server's own views with `argument` as $1, returns a row.
bool HasRow(const char* sql, int argument) {
    Oid type = INT4OID;
    Datum value = Int32GetDatum(argument);
    SPI_connect();
    PushActiveSnapshot(GetTransactionSnapshot());
    const int result = SPI_execute_with_args(sql, 1, &type, &value, nullptr, true, 1);
    if (result != SPI_OK_SELECT) {
        elog(ERROR, "could not run \"%s\": %s", sql, SPI_result_code_string(result));
    }
    const bool has_row = SPI_processed > 0;
    PopActiveSnapshot();
    SPI_finish();
    return has_row;
}

const char* WhyToPause() {
    const int lag_kb = pg::Settings::index_build_max_lag;
    const int active = pg::Settings::index_build_max_active;
    if (lag_kb >= 0 && HasRow("select from pg_catalog.pg_stat_replication"
                              " where pg_catalog.pg_wal_lsn_diff("
                              "pg_catalog.pg_current_wal_lsn(), replay_lsn) > $1 * 1024::numeric",
                              lag_kb)) {
        return "waiting for a replica to catch up (elile_optimize.index_build_max_lag)";
    }
    if (active >= 0 && HasRow("select from pg_catalog.pg_stat_activity"
                              " where backend_type = 'client backend' and state = 'active'"
                              " having pg_catalog.count(*) > $1",
                              active)) {
        return "waiting for fewer active sessions (elile_optimize.index_build_max_active)";
    }
    return nullptr;
}

bool IsTableBusy(const OpenBuilds& open, Oid table) {
    for (int at = 0; at < open.count; ++at) {
        if (open.builds[at].table_oid == table &&
            Board().Has(core::BuildKey(MyDatabaseId, static_cast<uint64>(open.builds[at].id)))) {
            return true;
        }
    }
    return false;
}

// Fills the task and returns true when the build may go on now. When not, the journal has been
// told: the build is settled, or says what it waits for.
bool Prepare(const indexes::Build& build, BuilderTask* task) {
    task->build = build.id;
    task->dbid = MyDatabaseId;
    task->removes = OidIsValid(build.index_oid);
    // An unfinished index is removed as its owner, who may have changed meanwhile.
    task->userid = task->removes ? indexes::OwnerOf(build.index_oid)
                                 : indexes::BuilderOf(build.table_oid, build.userid);
    if (!task->removes && build.is_building) {
        indexes::Settle(build.id, "the builder was ended", true);
        return false;
    }
    if (task->removes && !OidIsValid(task->userid)) {
        indexes::Settle(build.id, "the builder was ended, and its index is gone", true);
        return false;
    }
    bool exists = false;
    task->may_log_in = MayLogIn(task->userid, &exists);
    if (!exists || !SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(build.userid))) {
        indexes::Claim(build.id);
        indexes::Settle(build.id, "the role that asked for the build no longer exists", false);
        return false;
    }
    const char* why = task->removes ? nullptr : WhyToPause();
    if (why != nullptr) {
        indexes::SetPhase(build.id, why);
        return false;
    }
    return true;
}

// Fills the task with the next build that may go on, and takes a slot for it.
bool Choose(const OpenBuilds& open, BuilderTask* task) {
    for (int at = 0; at < open.count; ++at) {
        const indexes::Build& build = open.builds[at];
        const uint64 key = core::BuildKey(MyDatabaseId, static_cast<uint64>(build.id));
        if (Board().Has(key) || !IsDue(build)) {
            continue;
        }
        if (IsTableBusy(open, build.table_oid)) {
            indexes::SetPhase(build.id, "waiting for another build on its table");
            continue;
        }
        if (!Prepare(build, task)) {
            continue;
        }
        task->slot = Board().Take(key, static_cast<uint32>(pg::Settings::max_parallel_builds));
        if (task->slot == core::kBuildSlots) {
            indexes::SetPhase(build.id, "waiting for another build to end");
            return false;
        }
        taken = {task->slot, key};
        return true;
    }
    return false;
}

void Start(const BuilderTask& task) {
    const uint64 key = core::BuildKey(task.dbid, static_cast<uint64>(task.build));
    BackgroundWorker worker =
        MakeWorker("elile_index_builder_main", "elile_optimize index builder");
    memcpy(worker.bgw_extra, &task, sizeof(task));
    MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
    const bool is_started =
        StartBuildWorker(store::RequireSegment(), worker, &started[task.slot].handle);
    MemoryContextSwitchTo(context);
    taken.key = 0;
    if (is_started) {
        started[task.slot].key = key;
        return;
    }
    Board().Free(task.slot, key);
    if (!task.removes) {
        StartTransactionCommand();
        indexes::Unclaim(task.build, nullptr, 1);
        CommitTransactionCommand();
    }
}

enum class Outcome { kStarted, kNothing, kAllDone };

void TellUnsafe(const indexes::JournalTable& journal) {
    ereport(LOG,
            (errmsg("no index is built in database \"%s\": the journal of builds is not as the "
                    "extension made it",
                    get_database_name(MyDatabaseId)),
             errdetail_internal("%s", journal.reason), errhint("%s", journal.hint)));
}

Outcome Decide(BuilderTask* task) {
    const indexes::JournalTable journal = indexes::LockJournal();
    if (journal.state != indexes::JournalState::kUsable) {
        if (journal.state == indexes::JournalState::kUnsafe) {
            TellUnsafe(journal);
        }
        return Outcome::kAllDone;
    }
    const OpenBuilds open = ReadOpen();
    const bool chosen = Choose(open, task);
    if (chosen && task->removes) {
        indexes::SetPhase(task->build, "removing the unfinished index");
        indexes::RunOnJournal(
            "update @journal"
            " set not_before = clock_timestamp() + $2 * interval '1 s'"
            " where id = $1",
            {indexes::Bigint(task->build), indexes::Integer(kRetryRemovalSeconds)});
    } else if (chosen) {
        indexes::Claim(task->build);
    }
    const bool any_open = open.count > 0 || indexes::RunOnJournal(
                                                "select from @journal"
                                                " where state in ('queued', 'building') limit 1",
                                                {}) > 0;
    if (!any_open) {
        indexes::TrimJournal();
    }
    return chosen ? Outcome::kStarted : any_open ? Outcome::kNothing : Outcome::kAllDone;
}

// Makes one decision in one transaction, and starts the builder once that has committed.
Outcome Round() {
    BuilderTask task = {};
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    const pg::Identity before = pg::ActAs(ROLE_PG_READ_ALL_STATS);
    const Outcome outcome = Decide(&task);
    pg::ActAgainAs(before);
    CommitTransactionCommand();
    if (outcome == Outcome::kStarted) {
        Start(task);
    }
    return outcome;
}

// However the coordinator ends, its database stays wanted unless all is done. An error may come
// between taking a slot and starting the builder, so the slot is freed here. A coordinator that
// could not connect does not know whether the database still exists; the finder does.
void OnExit(int, Datum) {
    if (taken.key != 0) {
        Board().Free(taken.slot, taken.key);
    }
    if (!is_finished && !(is_connected && Board().Want(database))) {
        Board().WantAll();
    }
}

// Whether no other coordinator works in this database. The lock's fourth field is a value that
// pg_advisory_lock() never uses.
bool IsAlone() {
    constexpr uint16 kOwnLockClass = 3;
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, 0, kOwnLockClass);
    return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

void Coordinate() {
    int idle_rounds = 0;
    while (idle_rounds < kIdleRounds) {
        const int running = CountStarted();
        const Outcome outcome = Round();
        if (outcome == Outcome::kAllDone) {
            is_finished = true;
            return;
        }
        if (outcome == Outcome::kStarted) {
            idle_rounds = 0;
            continue;
        }
        idle_rounds = running > 0 ? 0 : idle_rounds + 1;
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kIntervalMs,
                  PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
        }
    }
}

void Connect(Oid dbid) {
    database = dbid;
    before_shmem_exit(OnExit, 0);
    BackgroundWorkerUnblockSignals();
    ConnectAsMonitor(dbid);
    is_connected = true;
}

}  // namespace
}  // namespace elile::keeper

extern "C" PGDLLEXPORT void elile_build_coordinator_main(Datum database) {
    pqsignal(SIGTERM, die);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    elile::keeper::Connect(DatumGetObjectId(database));
    if (elile::keeper::IsAlone()) {
        elile::keeper::Coordinate();
    }
    proc_exit(0);
}
