// The jobs that the extension does inside databases: a worker connects to one, does what is due
// there, and ends.
//
// A job has two sides. The keeper asks where it is due; a worker that the keeper started does it.
// Each job bounds its own time, and Visit() bounds the worker's whole time. A new job is one more
// line of the table.
#pragma once

#include <iterator>

#include "pg/postgres.hpp"

namespace elile::keeper {

// Chooses one of the databases in which a job is due.
class Chooser {
public:
    Chooser(uint32 job, Oid only) : job_(job), only_(only), now_(GetCurrentTimestamp()) {}

    // Tells that the job has been due in this database since this time. The database is passed over
    // while a worker does the job there, and for a moment after a worker was started for it.
    void Consider(Oid dbid, TimestampTz since);

    // The database that has waited longest, counted from the last start in it; InvalidOid for none.
    Oid Chosen() const { return chosen_; }

private:
    uint32 job_;  // its place in the table
    Oid only_;    // InvalidOid: any database may be chosen
    TimestampTz now_;
    Oid chosen_ = InvalidOid;
    TimestampTz since_ = 0;
};

struct DatabaseJob {
    const char* name;  // as pg_stat_activity shows it
    bool is_urgent;    // may have the place in which no slower job runs

    // The keeper's side: calls Consider() for each database in which the job is due.
    void (*find_due)(Chooser& chooser);
    // The keeper's side: called after each attempt to start a worker for the job. Null: the job
    // need not know.
    void (*note_start)(Oid dbid, bool is_started);

    // The worker's side: does the job. No transaction is open before or after it. An error is
    // logged and ends the worker.
    void (*work)(Oid dbid);
};

// The keeper's side is in failed_plans_due.cpp, the worker's in failed_plans.cpp.
void FindFailedPlans(Chooser& chooser);
void WriteFailedPlans(Oid dbid);

// The keeper's side is in index_statistics_due.cpp, the worker's in index_statistics.cpp.
void FindIndexStatistics(Chooser& chooser);
void NoteIndexStatistics(Oid dbid, bool is_started);
void CollectIndexStatistics(Oid dbid);

// A worker does the jobs in the order of this table.
inline constexpr DatabaseJob kDatabaseJobs[] = {
    {"failed plans", true, FindFailedPlans, nullptr, WriteFailedPlans},
    {"index statistics", false, FindIndexStatistics, NoteIndexStatistics, CollectIndexStatistics},
};
inline constexpr uint32 kDatabaseJobCount = std::size(kDatabaseJobs);

// The keeper passes this to a worker in bgw_extra.
struct DatabaseTask {
    Oid dbid;
    uint32 jobs;  // bit N: the table's job N is due
};
static_assert(sizeof(DatabaseTask) <= BGW_EXTRALEN && kDatabaseJobCount <= 32);

inline constexpr bool HasJob(uint32 jobs, uint32 job) { return (jobs & (1U << job)) != 0; }

}  // namespace elile::keeper
