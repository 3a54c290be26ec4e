#include "keeper/keeper.hpp"

#include "core/saved/state.hpp"
#include "core/segment.hpp"
#include "core/snapshot/snapshot.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/table.hpp"
#include "keeper/build_dispatcher.hpp"
#include "keeper/database_clerk.hpp"
#include "keeper/exporter.hpp"
#include "keeper/job_dispatcher.hpp"
#include "keeper/left_lines.hpp"
#include "keeper/pool_watcher.hpp"
#include "keeper/postmaster_state.hpp"
#include "keeper/snapshot.hpp"
#include "keeper/worker_start.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

constexpr const char* kName = "elile_optimize keeper";
constexpr int kRestartSeconds = 1;
constexpr uint64 kIntervalNs = 1000000000;
constexpr uint64 kStartingIntervalNs = 100000000;

void MendIfNeeded(core::Segment& segment) {
    core::SegmentHeader& header = *segment.header;
    if (header.IsReady()) {
        return;
    }
    const uint64 before = core::Get(header.repaired_slots);
    const uint32 generation = core::Get(header.generation);
    segment.Repair();
    header.repaired.store(generation, std::memory_order_release);
    ereport(LOG, (errmsg("elile_optimize kept its statistics through the crash"),
                  errdetail(
                      "%llu half-written slots were mended.",
                      static_cast<unsigned long long>(core::Get(header.repaired_slots) - before))));
}

// Tells the log, once a minute at most, how many lines it lacks.
void TellWhatTheLogLacks(const core::SlowLog& log) {
    constexpr int64 kMinuteUs = 60 * USECS_PER_SEC;
    static uint64 told = core::Get(log.shared->suppressed);
    static TimestampTz told_at = 0;
    const uint64 suppressed = core::Get(log.shared->suppressed);
    const TimestampTz now = GetCurrentTimestamp();
    if (suppressed == told || now - told_at < kMinuteUs) {
        return;
    }
    ereport(LOG, (errmsg("%llu lines on slow statements were left out of the log",
                         static_cast<unsigned long long>(suppressed - told)),
                  errhint("Raise elile_optimize.log_rate_limit or "
                          "elile_optimize.slow_query_threshold.")));
    told = suppressed;
    told_at = now;
}

// Does what is due once a second, and returns when that is due again. While the server is starting
// that is soon, so that nobody is told a second too long that it is.
uint64 Tend(core::Segment& segment) {
    MendIfNeeded(segment);
    core::Put(segment.header->keeper_seen_ns, pg::MonotonicNs());
    segment.statements.Fold();
    TellWhatTheLogLacks(segment.slow_log);
    // A series that showed less than it did before the restart would be taken for one that began
    // again.
    if (segment.save_state.IsRestoring()) {
        return pg::MonotonicNs() + kStartingIntervalNs;
    }
    if (pg::Settings::metrics_port != 0) {
        const core::SnapshotHead& snapshot = TakeSnapshot(segment);
        if (snapshot.accepts_connections == 0) {
            return pg::MonotonicNs() + kStartingIntervalNs;
        }
    }
    return pg::MonotonicNs() + kIntervalNs;
}

void Wait(uint64 until_ns, long most_ms) {
    const uint64 now_ns = pg::MonotonicNs();
    const long left_ms =
        now_ns < until_ns ? static_cast<long>((until_ns - now_ns) / 1000000) + 1 : 0;
    const pgsocket socket = ExporterSocket();
    const int events = WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH |
                       (socket != PGINVALID_SOCKET ? WL_SOCKET_READABLE : 0);
    WaitLatchOrSocket(MyLatch, events, socket, Min(left_ms, most_ms), PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
}

}  // namespace

void KeepStore() {
    core::Segment& segment = *store::SharedSegment();
    uint64 due_ns = 0;
    uint64 pools_due_ns = 0;
    core::Put(segment.save_state.shared->is_kept, 1);
    ReconfigureExporter();
    while (!ShutdownRequestPending) {
        if (pg::MonotonicNs() >= due_ns) {
            due_ns = Tend(segment);
        }
        // The looks have a clock of their own. Averages are true only where the moments depend on
        // nothing else.
        if (const uint64 now_ns = pg::MonotonicNs(); now_ns >= pools_due_ns) {
            LookAtPools(segment);
            pools_due_ns = Max(pools_due_ns + PauseBetweenLooksNs(), now_ns);
        }
        WriteLeftLines();
        TendDatabaseWorkers();
        TendBuilds(segment);
        TendDatabases(segment);
        const long exporter_due_ms = TendExporter();
        Wait(Min(due_ns, pools_due_ns), exporter_due_ms);
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
            ReconfigureExporter();
        }
    }
    // What was seen since the last time is saved too.
    LookAtPools(segment);
    PublishLooks(segment);
    core::Put(segment.save_state.shared->is_kept, 0);
}

void RegisterKeeper() {
    if (!IsPostmasterEnvironment) {
        return;  // a single-user server has no workers
    }
    BackgroundWorker worker = MakeWorker("elile_keeper_main", kName);
    worker.bgw_start_time = BgWorkerStart_PostmasterStart;
    worker.bgw_restart_time = kRestartSeconds;
    RegisterBackgroundWorker(&worker);
    // The server's own message does not say which worker has found no room.
    if (!pg::IsWorkerRegistered(kName)) {
        ereport(WARNING,
                (errmsg("elile_optimize has no keeper: max_worker_processes is too small"),
                 errdetail("Statements are counted until the first crash of a server process; "
                           "there are no metrics, figures on pools or background builds."),
                 errhint("Raise max_worker_processes and restart the server.")));
    }
}

}  // namespace elile::keeper

namespace {

void OnExit(int, Datum) {
    elile::core::Put(elile::store::SharedSegment()->save_state.shared->is_kept, 0);
    elile::keeper::EndExporter();
}

}  // namespace

extern "C" PGDLLEXPORT void elile_keeper_main(Datum) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
    pqsignal(SIGUSR1, procsignal_sigusr1_handler);  // a worker that it started has ended
    BackgroundWorkerUnblockSignals();
    on_proc_exit(OnExit, 0);
    elile::keeper::KeepStore();
    // The postmaster starts a worker again that ends with 1, and forgets one that ends with 0.
    // While it shuts down it would only log the 1.
    proc_exit(elile::keeper::IsShuttingDown() ? 0 : 1);
}
