#include "keeper/build_dispatcher.hpp"

#include "core/indexes/board.hpp"
#include "core/segment.hpp"
#include "keeper/worker_start.hpp"
#include "pg/clock.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

constexpr uint64 kNsPerSecond = 1000000000;
// A coordinator that leaves while builds wait is started again this much later.
constexpr uint64 kPauseNs = 3 * kNsPerSecond;

struct Coordinator {
    Oid dbid;
    BackgroundWorkerHandle* handle;  // null: it has ended
    uint64 again_ns;                 // once it has ended: not started before this
};

// When all places are taken, a further database waits until one is free.
Coordinator coordinators[core::kWantedDatabases];
BackgroundWorkerHandle* finder = nullptr;

bool HasEnded(BackgroundWorkerHandle*& handle) {
    pid_t pid = 0;
    if (handle != nullptr && GetBackgroundWorkerPid(handle, &pid) == BGWH_STOPPED) {
        pfree(handle);
        handle = nullptr;
    }
    return handle == nullptr;
}

bool IsWanted(const core::BuildBoard& board, Oid dbid) {
    bool is_wanted = false;
    for (uint32 place = 0; place < core::kWantedDatabases; ++place) {
        is_wanted = is_wanted || board.WantedAt(place) == dbid;
    }
    return is_wanted;
}

// Counts the coordinators that run. One that has ended keeps its place until it may be started
// again.
int CountRunning(const core::BuildBoard& board, uint64 now_ns) {
    int running = 0;
    for (Coordinator& coordinator : coordinators) {
        const bool ran = coordinator.handle != nullptr;
        if (!HasEnded(coordinator.handle)) {
            ++running;
        } else if (ran && IsWanted(board, coordinator.dbid)) {
            coordinator.again_ns = now_ns + kPauseNs;
        } else if (now_ns >= coordinator.again_ns) {
            coordinator.dbid = InvalidOid;
        }
    }
    return running;
}

Coordinator* PlaceFor(Oid dbid) {
    Coordinator* place = nullptr;
    for (Coordinator& coordinator : coordinators) {
        if (coordinator.dbid == dbid) {
            return nullptr;  // it runs, or has just ended
        }
        if (!OidIsValid(coordinator.dbid)) {
            place = &coordinator;
        }
    }
    return place;
}

// Starts the finder when somebody wants all databases looked at. Coordinators that cannot connect
// ask for it again and again, so the pause doubles each time.
void TendFinder(core::Segment& segment, uint64 now_ns) {
    constexpr uint64 kLongestPauseNs = 300 * kNsPerSecond;
    static uint64 started_ns = 0;
    static uint64 pause_ns = 0;
    core::BuildBoard& board = segment.builds;
    if (!HasEnded(finder) || now_ns - started_ns < pause_ns || !board.TakeAllWanted()) {
        return;
    }
    const bool is_again = now_ns - started_ns < 2 * pause_ns;
    pause_ns = is_again ? Min(2 * pause_ns, kLongestPauseNs) : kPauseNs;
    started_ns = now_ns;
    if (!StartBuildWorker(segment,
                          MakeWorker("elile_build_finder_main", "elile_optimize build finder"),
                          &finder)) {
        board.WantAll();
    }
}

// At most as many coordinators run as builds may, so that those that wait leave workers to those
// that build.
void StartCoordinators(core::Segment& segment, uint64 now_ns) {
    static uint32 first = 0;
    core::BuildBoard& board = segment.builds;
    int running = CountRunning(board, now_ns);
    for (uint32 step = 0; step < core::kWantedDatabases; ++step) {
        const uint32 at = (first + step) % core::kWantedDatabases;
        const Oid dbid = board.WantedAt(at);
        Coordinator* place = OidIsValid(dbid) ? PlaceFor(dbid) : nullptr;
        if (place == nullptr) {
            continue;
        }
        if (running >= pg::Settings::max_parallel_builds) {
            return;
        }
        board.Withdraw(at);
        BackgroundWorker worker =
            MakeWorker("elile_build_coordinator_main", "elile_optimize build coordinator");
        worker.bgw_main_arg = ObjectIdGetDatum(dbid);
        if (!StartBuildWorker(segment, worker, &place->handle)) {
            board.Want(dbid);
            return;
        }
        place->dbid = dbid;
        first = at + 1;
        ++running;
    }
}

}  // namespace

bool StartBuildWorker(core::Segment& segment, const BackgroundWorker& worker,
                      BackgroundWorkerHandle** handle) {
    constexpr uint64 kTellEveryNs = 60 * kNsPerSecond;
    static uint64 told_ns = 0;
    const bool started = StartWithDatabase(worker, BgWorkerStart_RecoveryFinished, handle);
    segment.builds.SetOutOfWorkers(!started);
    const uint64 now_ns = pg::MonotonicNs();
    if (!started && (told_ns == 0 || now_ns - told_ns > kTellEveryNs)) {
        told_ns = now_ns;
        ereport(LOG, (errmsg("no background worker is free to build indexes"),
                      errdetail("The builds wait; index_builds shows them."),
                      errhint("Raise max_worker_processes.")));
    }
    return started;
}

void TendBuilds(core::Segment& segment) {
    static bool is_first = true;
    if (is_first) {
        is_first = false;
        segment.builds.WantAll();
    }
    if (!RecoveryInProgress()) {
        const uint64 now_ns = pg::MonotonicNs();
        TendFinder(segment, now_ns);
        StartCoordinators(segment, now_ns);
    }
}

}  // namespace elile::keeper
