#include "saver/saver.hpp"

#include "core/saved/state.hpp"
#include "core/segment.hpp"
#include "core/snapshot/parts.hpp"
#include "keeper/postmaster_state.hpp"
#include "keeper/worker_start.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/session_table.hpp"
#include "pg/settings.hpp"
#include "saver/restore.hpp"
#include "saver/save.hpp"
#include "store/shared_store.hpp"

namespace elile::saver {
namespace {

constexpr const char* kName = "elile_optimize saver";
constexpr int kRestartSeconds = 1;
constexpr uint64 kSecondNs = 1000000000;

void Wait(long milliseconds) {
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
              PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
}

// Whether a session is left that may count something: a client's, or a worker that has a database.
bool IsSessionLeft() {
    pg::SessionLook look;
    for (int place = 0; place < look.Places(); ++place) {
        pg::SessionSlot slot;
        const pg::SlotReading reading = look.Read(place, &slot);
        if (reading == pg::SlotReading::kUnread ||
            (reading == pg::SlotReading::kRead && slot.status.st_procpid != MyProcPid &&
             (slot.status.st_backendType == B_BACKEND ||
              slot.status.st_backendType == B_BG_WORKER))) {
            return true;
        }
    }
    return false;
}

// The postmaster waits for all of them too, so nobody waits for this. The keeper tells last what it
// has seen of pools. Returns false when a session did not end for an hour, or the keeper for ten
// seconds.
bool WaitForLastSession(const core::SaveState& state) {
    constexpr long kPauseMs = 20;
    constexpr int kSecond = 1000 / kPauseMs;
    for (int pauses = 0; pauses < 3600 * kSecond; ++pauses) {
        const bool is_kept = core::Get(state.shared->is_kept) != 0;
        if (!IsSessionLeft() && (!is_kept || pauses > 10 * kSecond)) {
            return !is_kept;
        }
        Wait(kPauseMs);
    }
    return false;
}

// Another saver may have ended while it restored. What it had added stays, and it is not known how
// much that was.
void Restore(core::Segment& segment) {
    core::SaveState& state = segment.save_state;
    if (!state.IsRestoring()) {
        return;
    }
    if (core::Get(state.shared->restored_from) != 0) {
        segment.snapshot.BeginAnew();
        state.EndRestoring(core::RestoredFrom::kInterrupted);
        return;
    }
    core::Put(state.shared->restored_from, static_cast<uint32>(core::RestoredFrom::kInterrupted));
    RestoreSaved();
}

// A reset is saved within a second, since nobody expects the figures of before to come back.
void SaveUntilAsked(core::Segment& segment) {
    core::SaveState::Shared& state = *segment.save_state.shared;
    uint64 resets = core::Get(state.resets);
    uint64 due_ns = pg::MonotonicNs();
    while (!ShutdownRequestPending) {
        const uint64 interval_ns = static_cast<uint64>(pg::Settings::save_interval) * kSecondNs;
        const uint64 now_resets = core::Get(state.resets);
        core::Put(state.is_periodic, interval_ns != 0 ? 1 : 0);
        if (interval_ns != 0 && (pg::MonotonicNs() >= due_ns || now_resets != resets)) {
            resets = Save(SaveKind::kPeriodic) ? now_resets : resets;
            due_ns = pg::MonotonicNs() + interval_ns;
        }
        Wait(1000);
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
            due_ns = Min(due_ns, pg::MonotonicNs() +
                                     static_cast<uint64>(pg::Settings::save_interval) * kSecondNs);
        }
    }
}

}  // namespace

bool RunSaver() {
    core::Segment& segment = *store::SharedSegment();
    Restore(segment);
    SaveUntilAsked(segment);
    const bool is_shutting_down = keeper::IsShuttingDown();
    const bool is_last = is_shutting_down && WaitForLastSession(segment.save_state);
    Save(is_last ? SaveKind::kLastClean : SaveKind::kLast);
    return is_shutting_down;
}

bool RegisterSaver() {
    if (!IsPostmasterEnvironment) {
        return false;  // a single-user server has no workers
    }
    BackgroundWorker worker = keeper::MakeWorker("elile_saver_main", kName);
    worker.bgw_start_time = BgWorkerStart_PostmasterStart;
    worker.bgw_restart_time = kRestartSeconds;
    RegisterBackgroundWorker(&worker);
    // The server's own message does not say which worker has found no room.
    if (pg::IsWorkerRegistered(kName)) {
        return true;
    }
    ereport(WARNING, (errmsg("elile_optimize has no saver: max_worker_processes is too small"),
                      errdetail("A restart of the server will lose the statistics."),
                      errhint("Raise max_worker_processes and restart the server.")));
    return false;
}

}  // namespace elile::saver

extern "C" PGDLLEXPORT void elile_saver_main(Datum) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
    BackgroundWorkerUnblockSignals();
    // The postmaster starts a worker again that ends with 1, and forgets one that ends with 0.
    proc_exit(elile::saver::RunSaver() ? 0 : 1);
}
