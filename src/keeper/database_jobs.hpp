// What is done inside databases for the extension, by workers that connect to one, do what is due
// there, and go.
//
// A job has two sides. The keeper asks where it is due; a worker that the keeper started does it.
// Each job bounds its own time, and all of a worker's time is bounded by its visit. A job that is
// to come is one more line of the table.
#pragma once

#include <iterator>

#include "pg/postgres.hpp"

namespace elile::keeper {

// Chooses among the databases in which a job is due.
class Chooser {
public:
    Chooser(uint32 job, Oid only) : job_(job), only_(only), now_(GetCurrentTimestamp()) {}

    // The job is due there since this time. The database is passed over while a worker does it
    // there, and a moment after one began to.
    void Consider(Oid dbid, TimestampTz since);

    // The one that has waited longest, counted from the last start there. InvalidOid: none.
    Oid Chosen() const { return chosen_; }

private:
    uint32 job_;  // its place in the table
    Oid only_;    // InvalidOid: any database will do
    TimestampTz now_;
    Oid chosen_ = InvalidOid;
    TimestampTz since_ = 0;
};

struct DatabaseJob {
    const char* name;  // as pg_stat_activity shows it
    bool is_urgent;    // may have the place in which no slower job runs

    // The keeper's side. Considers each database in which the job is due.
    void (*find_due)(Chooser& chooser);
    // Told after each attempt to start a worker for it. Null: it need not know.
    void (*note_start)(Oid dbid, bool is_started);

    // The worker's side. No transaction is open before or after it. An error is logged and ends
    // the worker.
    void (*work)(Oid dbid);
};

// The keeper's side is in failed_plans_due.cpp, the worker's in failed_plans.cpp.
void FindFailedPlans(Chooser& chooser);
void WriteFailedPlans(Oid dbid);

// The keeper's side is in index_statistics_due.cpp, the worker's in index_statistics.cpp.
void FindIndexStatistics(Chooser& chooser);
void NoteIndexStatistics(Oid dbid, bool is_started);
void CollectIndexStatistics(Oid dbid);

// In the order in which a worker does them.
inline constexpr DatabaseJob kDatabaseJobs[] = {
    {"failed plans", true, FindFailedPlans, nullptr, WriteFailedPlans},
    {"index statistics", false, FindIndexStatistics, NoteIndexStatistics, CollectIndexStatistics},
};
inline constexpr uint32 kDatabaseJobCount = std::size(kDatabaseJobs);

// What the keeper tells a worker; it lies in bgw_extra.
struct DatabaseTask {
    Oid dbid;
    uint32 jobs;  // a bit for each of the table
};
static_assert(sizeof(DatabaseTask) <= BGW_EXTRALEN && kDatabaseJobCount <= 32);

inline constexpr bool HasJob(uint32 jobs, uint32 job) { return (jobs & (1U << job)) != 0; }

}  // namespace elile::keeper
