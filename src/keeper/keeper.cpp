#include "keeper/keeper.hpp"

#include "pg/postgres.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

constexpr int kRestartSeconds = 1;
constexpr long kIntervalMs = 1000;

void MendIfNeeded(core::StatementStore* store) {
    if (store->IsReady()) {
        return;
    }
    core::SegmentHeader& header = *store->Parts().header;
    const uint64 before = core::Get(header.repaired_slots);
    const uint32 generation = core::Get(header.generation);
    store->Repair();
    header.repaired.store(generation, std::memory_order_release);
    ereport(LOG, (errmsg("elile_optimize kept its statistics through the crash"),
                  errdetail(
                      "%llu half-written slots were mended.",
                      static_cast<unsigned long long>(core::Get(header.repaired_slots) - before))));
}

// Once a minute at most.
void TellWhatTheLogLacks(const core::SegmentHeader& header) {
    constexpr int64 kMinuteUs = 60 * USECS_PER_SEC;
    static uint64 told = core::Get(header.log_suppressed);
    static TimestampTz told_at = 0;
    const uint64 suppressed = core::Get(header.log_suppressed);
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

}  // namespace

void RegisterKeeper() {
    BackgroundWorker worker = {};
    strlcpy(worker.bgw_name, "elile_optimize keeper", BGW_MAXLEN);
    strlcpy(worker.bgw_type, "elile_optimize keeper", BGW_MAXLEN);
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
    worker.bgw_start_time = BgWorkerStart_PostmasterStart;
    worker.bgw_restart_time = kRestartSeconds;
    strlcpy(worker.bgw_library_name, "elile_optimize", BGW_MAXLEN);
    strlcpy(worker.bgw_function_name, "elile_keeper_main", BGW_MAXLEN);
    RegisterBackgroundWorker(&worker);
}

}  // namespace elile::keeper

extern "C" PGDLLEXPORT void elile_keeper_main(Datum) {
    using elile::keeper::kIntervalMs;
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
    BackgroundWorkerUnblockSignals();
    elile::core::StatementStore* store = elile::store::SharedStore();
    while (!ShutdownRequestPending) {
        elile::keeper::MendIfNeeded(store);
        store->Fold();
        elile::keeper::TellWhatTheLogLacks(*store->Parts().header);
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kIntervalMs,
                  PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
        }
    }
    proc_exit(0);
}
