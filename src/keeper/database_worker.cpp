// The database worker: it does what is due in one database, and ends.
//
// It is pg_monitor, from which there is no way back, and each job acts as the role that it needs.
// It calls no hook of another extension that expects a client's statement. Its transactions write
// nothing, unless a job says otherwise.
#include "keeper/database_jobs.hpp"
#include "keeper/worker_session.hpp"
#include "pg/plan_compat.hpp"
#include "pg/postgres.hpp"

namespace elile::keeper {
namespace {

// Returns false when the database can't be had in time, since somebody holds it. The keeper tries
// again.
bool Connect(Oid dbid) {
    volatile bool done = false;
    PG_TRY();
    {
        Visit(dbid);
        pg::DropHooksOfOthers();
        SetConfigOption("default_transaction_read_only", "on", PGC_USERSET, PGC_S_SESSION);
        done = true;
    }
    PG_CATCH();
    { FlushErrorState(); }
    PG_END_TRY();
    return done;
}

void Work(const DatabaseTask& task) {
    for (uint32 job = 0; job < kDatabaseJobCount && !IsVisitOver(); ++job) {
        if (HasJob(task.jobs, job)) {
            pgstat_report_activity(STATE_RUNNING, kDatabaseJobs[job].name);
            kDatabaseJobs[job].work(task.dbid);
        }
    }
}

}  // namespace
}  // namespace elile::keeper

extern "C" PGDLLEXPORT void elile_database_worker_main(Datum) {
    elile::keeper::DatabaseTask task;
    memcpy(&task, MyBgworkerEntry->bgw_extra, sizeof(task));
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    if (elile::keeper::Connect(task.dbid)) {
        elile::keeper::Work(task);
    }
    proc_exit(0);
}
