#include "keeper/database_jobs.hpp"
#include "store/waiting_runs.hpp"

namespace elile::keeper {

void FindFailedPlans(Chooser& chooser) {
    using store::WaitingRun;
    using store::WaitingRuns;
    const TimestampTz now = GetCurrentTimestamp();
    WaitingRuns::ForEachWaiting([&](const WaitingRun& run) {
        if (WaitingRuns::NeedsWriter(run) && run.due_at <= now) {
            chooser.Consider(run.record.dbid, run.handed_at);
        }
    });
}

}  // namespace elile::keeper
