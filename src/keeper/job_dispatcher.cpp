#include "keeper/job_dispatcher.hpp"

#include "keeper/database_jobs.hpp"
#include "keeper/worker_start.hpp"
#include "pg/postgres.hpp"

namespace elile::keeper {
namespace {

// The least time between two starts for the same job in the same database, for one may fail at
// once.
constexpr TimestampTz kPauseUs = USECS_PER_SEC / 2;

// A place for one worker. The first place is for urgent jobs alone. They take it before the second
// one, which leaves that one to the other jobs.
struct Place {
    bool is_for_urgent;
    BackgroundWorkerHandle* handle;  // null: it is free
    DatabaseTask task;
};
Place places[] = {{true, nullptr, {}}, {false, nullptr, {}}};

// The last starts. While all of them are recent, no further worker is started.
struct Start {
    DatabaseTask task;
    TimestampTz at;
};
Start starts[16];

bool Is(const DatabaseTask& task, Oid dbid, uint32 job) {
    return task.dbid == dbid && HasJob(task.jobs, job);
}

// A start that seems to lie ahead is not recent, so a clock that was set back holds nothing up.
bool IsRecent(const Start& start, TimestampTz now) {
    return start.at <= now && now - start.at < kPauseUs;
}

bool IsAtWork(Oid dbid, uint32 job) {
    for (const Place& place : places) {
        if (place.handle != nullptr && Is(place.task, dbid, job)) {
            return true;
        }
    }
    return false;
}

Start& OldestStart() {
    Start* oldest = starts;
    for (Start& start : starts) {
        if (start.at < oldest->at) {
            oldest = &start;
        }
    }
    return *oldest;
}

void ClearPlaces() {
    for (Place& place : places) {
        pid_t pid = 0;
        if (place.handle != nullptr && GetBackgroundWorkerPid(place.handle, &pid) == BGWH_STOPPED) {
            pfree(place.handle);
            place.handle = nullptr;
        }
    }
}

// The database in which the job is due. Where `only` is valid it is that one, or InvalidOid when
// the job is not due there.
Oid FindDue(uint32 job, Oid only) {
    Chooser chooser(job, only);
    kDatabaseJobs[job].find_due(chooser);
    return chooser.Chosen();
}

Oid ChooseDatabase(bool is_urgent) {
    Oid dbid = InvalidOid;
    for (uint32 job = 0; job < kDatabaseJobCount && !OidIsValid(dbid); ++job) {
        if (kDatabaseJobs[job].is_urgent == is_urgent) {
            dbid = FindDue(job, InvalidOid);
        }
    }
    return dbid;
}

// The task for a worker in this place; one without jobs when nothing is due.
DatabaseTask NextTask(const Place& place) {
    DatabaseTask task = {InvalidOid, 0};
    if (!place.is_for_urgent) {
        task.dbid = ChooseDatabase(false);
    }
    if (!OidIsValid(task.dbid)) {
        task.dbid = ChooseDatabase(true);
    }
    for (uint32 job = 0; OidIsValid(task.dbid) && job < kDatabaseJobCount; ++job) {
        if ((kDatabaseJobs[job].is_urgent || !place.is_for_urgent) &&
            OidIsValid(FindDue(job, task.dbid))) {
            task.jobs |= 1U << job;
        }
    }
    return task;
}

// Starts a worker, on a standby too. Returns false when no worker is to be had.
bool StartWorker(const DatabaseTask& task, BackgroundWorkerHandle** handle) {
    BackgroundWorker worker =
        MakeWorker("elile_database_worker_main", "elile_optimize database worker");
    memcpy(worker.bgw_extra, &task, sizeof(task));
    return StartWithDatabase(worker, BgWorkerStart_ConsistentState, handle);
}

bool Fill(Place& place, const DatabaseTask& task, TimestampTz now) {
    const bool is_started = StartWorker(task, &place.handle);
    if (is_started) {
        place.task = task;
        OldestStart() = {task, now};
    }
    for (uint32 job = 0; job < kDatabaseJobCount; ++job) {
        if (HasJob(task.jobs, job) && kDatabaseJobs[job].note_start != nullptr) {
            kDatabaseJobs[job].note_start(task.dbid, is_started);
        }
    }
    return is_started;
}

}  // namespace

void Chooser::Consider(Oid dbid, TimestampTz since) {
    if ((OidIsValid(only_) && dbid != only_) || IsAtWork(dbid, job_)) {
        return;
    }
    for (const Start& start : starts) {
        if (Is(start.task, dbid, job_)) {
            if (IsRecent(start, now_)) {
                return;
            }
            since = Max(since, start.at);
        }
    }
    if (!OidIsValid(chosen_) || since < since_) {
        chosen_ = dbid;
        since_ = since;
    }
}

void TendDatabaseWorkers() {
    const TimestampTz now = GetCurrentTimestamp();
    ClearPlaces();
    for (Place& place : places) {
        if (place.handle != nullptr || IsRecent(OldestStart(), now)) {
            continue;
        }
        const DatabaseTask task = NextTask(place);
        if (task.jobs != 0 && !Fill(place, task, now)) {
            return;
        }
    }
}

}  // namespace elile::keeper
