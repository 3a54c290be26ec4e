#include "keeper/plan_writers.hpp"

#include "capture/n_plus_one_log.hpp"
#include "capture/slow_details.hpp"
#include "capture/slow_log.hpp"
#include "keeper/worker_session.hpp"
#include "pg/encoding.hpp"
#include "pg/postgres.hpp"
#include "store/shared_store.hpp"
#include "store/waiting_runs.hpp"

namespace elile::keeper {
namespace {

using store::WaitingRun;
using store::WaitingRuns;

constexpr int kMostWriters = 8;
constexpr int kMostLinesAtOnce = 64;
// Longer than a writer goes on trying.
constexpr TimestampTz kGiveUpUs = 12 * USECS_PER_SEC;
// Between two writers of one database, one that failed for example.
constexpr TimestampTz kPauseUs = USECS_PER_SEC / 2;

struct Writer {
    Oid dbid;  // InvalidOid: the place is free
    BackgroundWorkerHandle* handle;
    TimestampTz started_at;
};

Writer writers[kMostWriters];

MemoryContext Scratch() {
    static MemoryContext scratch = nullptr;
    if (scratch == nullptr) {
        scratch =
            AllocSetContextCreate(TopMemoryContext, "elile_optimize lines", ALLOCSET_SMALL_SIZES);
    }
    return scratch;
}

// Without its plan, unless another run's text is known.
void WriteLine(const WaitingRun& run) {
    capture::SlowText text;
    pg::AdoptFormat(run.format);
    text.plan = pg::CopyText(store::SharedStore()->Parts().details, run.record.plan).text;
    capture::LogNews(run.statement, run.record.plan_id, run.news);
    capture::WriteLineOf(run, text);
}

void WriteDown(WaitingRun* run) {
    const pg::SessionFormat own = pg::FormatOfSession();
    MemoryContext caller = MemoryContextSwitchTo(Scratch());
    if (run->loop.IsValid()) {
        capture::LogPattern(run->loop);
    } else if (run->has_line) {
        WriteLine(*run);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(Scratch());
    pg::AdoptFormat(own);
    WaitingRuns::Release(run);
}

void GiveUp(WaitingRun* run) {
    if (run->plan != nullptr) {
        capture::CountLostPlan(core::LostPlan::kNoWorker, 1 + uint64{core::Get(run->sharers)});
    }
    if (run->keeps_parameters) {
        core::Add(store::SharedStore()->Parts().header->parameters_lost, 1);
    }
    WriteDown(run);
}

void WriteLines(TimestampTz now) {
    for (int count = 0; count < kMostLinesAtOnce; ++count) {
        WaitingRun* run = WaitingRuns::TakeFirst([now](const WaitingRun& waiting) {
            return !WaitingRuns::NeedsWriter(waiting) || now - waiting.handed_at > kGiveUpUs;
        });
        if (run == nullptr) {
            return;
        }
        if (WaitingRuns::NeedsWriter(*run)) {
            GiveUp(run);
        } else {
            WriteDown(run);
        }
    }
}

void ClearPlaces(TimestampTz now) {
    for (Writer& writer : writers) {
        pid_t pid = 0;
        if (OidIsValid(writer.dbid) && now - writer.started_at >= kPauseUs &&
            GetBackgroundWorkerPid(writer.handle, &pid) == BGWH_STOPPED) {
            pfree(writer.handle);
            writer.dbid = InvalidOid;
        }
    }
}

bool HasWriter(Oid dbid) {
    for (const Writer& writer : writers) {
        if (writer.dbid == dbid) {
            return true;
        }
    }
    return false;
}

// False when no worker could be had.
bool Start(Writer& writer, Oid dbid, TimestampTz now) {
    if (!StartVisitor(dbid, "elile_plan_writer_main", "elile_optimize plan writer",
                      &writer.handle)) {
        return false;
    }
    writer.dbid = dbid;
    writer.started_at = now;
    return true;
}

// The database whose run has waited longest, of those that have no writer.
Oid NextDatabase(TimestampTz now) {
    Oid dbid = InvalidOid;
    TimestampTz first = 0;
    WaitingRuns::ForEachWaiting([&](const WaitingRun& run) {
        if (WaitingRuns::NeedsWriter(run) && run.due_at <= now && !HasWriter(run.record.dbid) &&
            (!OidIsValid(dbid) || run.handed_at < first)) {
            dbid = run.record.dbid;
            first = run.handed_at;
        }
    });
    return dbid;
}

void StartWriters(TimestampTz now) {
    for (Writer& writer : writers) {
        if (!OidIsValid(writer.dbid)) {
            const Oid dbid = NextDatabase(now);
            if (!OidIsValid(dbid) || !Start(writer, dbid, now)) {
                return;
            }
        }
    }
}

}  // namespace

void TendPlanWriters() {
    const TimestampTz now = GetCurrentTimestamp();
    WaitingRuns::NoteTended();
    WriteLines(now);
    ClearPlaces(now);
    StartWriters(now);
}

}  // namespace elile::keeper
