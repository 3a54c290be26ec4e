#include "keeper/database_clerk.hpp"

#include "core/shared/table_directory.hpp"
#include "keeper/worker_start.hpp"
#include "pg/clock.hpp"
#include "pg/postgres.hpp"
#include "store/places.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {

void TendDatabases(core::Segment& segment) {
    constexpr uint64 kPauseNs = 1000000000;
    static BackgroundWorkerHandle* clerk = nullptr;
    static uint64 settled = 0;
    static uint64 started_ns = 0;
    const uint64 doubts = core::Get(segment.databases.Doubts());
    const uint64 now_ns = pg::MonotonicNs();
    pid_t pid = 0;
    if (clerk != nullptr && GetBackgroundWorkerPid(clerk, &pid) == BGWH_STOPPED) {
        pfree(clerk);
        clerk = nullptr;
    }
    if (clerk != nullptr || doubts == settled || now_ns - started_ns < kPauseNs) {
        return;
    }
    started_ns = now_ns;
    if (StartWithDatabase(MakeWorker("elile_database_clerk_main", "elile_optimize database clerk"),
                          BgWorkerStart_ConsistentState, &clerk)) {
        settled = doubts;
    }
}

}  // namespace elile::keeper

extern "C" PGDLLEXPORT void elile_database_clerk_main(Datum) {
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    StartTransactionCommand();
    elile::store::SettleDatabases();
    CommitTransactionCommand();
    proc_exit(0);
}
