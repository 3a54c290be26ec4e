// Writes down the plans, parameters and texts of failed statements, each in transactions of its
// own, until none waits.
//
// The plans are copies. No part of the statement is run, no right on a table is asked for and no
// hook of another extension is called. The worker acts as the statement's own role, and cannot
// leave it. So an output function of a type has that role's rights and no others.
#include "capture/query_text.hpp"
#include "capture/slow_details.hpp"
#include "capture/slow_log.hpp"
#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/slow_ring.hpp"
#include "keeper/database_jobs.hpp"
#include "keeper/worker_session.hpp"
#include "pg/identity.hpp"
#include "pg/plan_compat.hpp"
#include "pg/postgres.hpp"
#include "store/shared_store.hpp"
#include "store/waiting_runs.hpp"

namespace elile::keeper {
namespace {

using core::LostPlan;
using store::WaitingRun;
using store::WaitingRuns;

constexpr uint32 kMostTries = 10;
constexpr TimestampTz kBetweenTriesUs = USECS_PER_SEC;

WaitingRun* worked = nullptr;

// The outcome of one attempt to render a run's plan.
struct Attempt {
    const char* plan;  // null: lost, for the reason below
    LostPlan reason;
    bool is_worth_another;
};

// A worker that is terminated leaves its work to the next one.
void LeaveWork(int, Datum) {
    if (worked != nullptr) {
        WaitingRuns::PutBack(worked, GetCurrentTimestamp() + kBetweenTriesUs);
        worked = nullptr;
    }
}

bool IsThere(Oid relid) { return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)); }

// Locks the plan's tables in the modes that the plan names, as ExecutorStart() expects. It waits
// for no lock: the statement may have failed on that very lock. Returns false where a table can't
// be had; the attempt says why.
bool LockTables(const PlannedStmt& plan, Attempt* attempt) {
    ListCell* cell = nullptr;
    foreach (cell, plan.rtable) {
        const auto* entry = lfirst_node(RangeTblEntry, cell);
        if (!OidIsValid(entry->relid)) {
            continue;
        }
        const LOCKMODE mode = entry->rellockmode != NoLock ? entry->rellockmode : AccessShareLock;
        const bool is_locked = ConditionalLockRelationOid(entry->relid, mode);
        if (is_locked && IsThere(entry->relid)) {
            continue;
        }
        attempt->is_worth_another = !is_locked;
        attempt->reason = is_locked               ? LostPlan::kDroppedTable
                          : IsThere(entry->relid) ? LostPlan::kLockedTable
                                                  : LostPlan::kInvisibleTable;
        return false;
    }
    return true;
}

// Names are then written as the session would write them, and literals are read as it read them.
void AdoptSettings(const WaitingRun& run) {
    set_config_option("search_path", run.search_path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                      true, 0, false);
    pg::AdoptFormat(run.format);
}

// Runs `body` as the run's role in a transaction of its own, whose end takes back its settings.
// Returns false when `body` raised an error, which goes no further.
template <typename Body>
bool InTransaction(const WaitingRun& run, MemoryContext context, Body body) {
    volatile bool done = false;
    PG_TRY();
    {
        StartTransactionCommand();
        const int level = NewGUCNestLevel();
        PushActiveSnapshot(GetTransactionSnapshot());
        const pg::Identity own = pg::ActAs(run.statement.key.userid);
        AdoptSettings(run);
        MemoryContextSwitchTo(context);
        body();
        pg::ActAgainAs(own);
        PopActiveSnapshot();
        AtEOXact_GUC(false, level);
        CommitTransactionCommand();
        done = true;
    }
    PG_CATCH();
    {
        const int sqlstate = SwallowError(context);
        // The error's message may contain a value of the statement, so only its code is told.
        elog(DEBUG1, "elile_optimize could not write down a plan: SQLSTATE %s",
             unpack_sql_state(sqlstate));
    }
    PG_END_TRY();
    MemoryContextSwitchTo(context);
    return done;
}

// Returns the plan's text, or why there is none.
Attempt Render(const WaitingRun& run, MemoryContext context, bool hides) {
    Attempt attempt{nullptr, LostPlan::kError, false};
    InTransaction(run, context, [&] {
        // Rendering changes the plan, and another attempt needs it unchanged.
        auto* plan = static_cast<PlannedStmt*>(copyObjectImpl(run.plan));
        capture::CheckNames(*plan, kLongestVisitMs / 2);
        if (LockTables(*plan, &attempt)) {
            attempt.plan = capture::CutPlan(
                capture::ExplainCopiedPlan(plan, run.source, run.source_location, hides));
        }
    });
    return attempt;
}

// Gives the plan's text to the other runs that left theirs out since this one waited.
void ShareText(const WaitingRun& run, uint32 text) {
    core::Segment& segment = *store::SharedSegment();
    segment.ring.ForEach([&](const core::SlowRecord& record) {
        if (record.plan_id == run.record.plan_id && record.plan == 0 &&
            record.queryid == run.record.queryid && record.userid == run.record.userid &&
            record.dbid == run.record.dbid && record.toplevel == run.record.toplevel &&
            record.id != run.record.id) {
            segment.details.AddReference(text);
            segment.ring.Attach(record.id, {record.plan_id, text, 0});
        }
    });
}

// Returns false when the plan is to be tried again later.
bool WritePlan(const WaitingRun& run, MemoryContext context, capture::SlowText* text,
               core::SlowDetails* details) {
    const capture::PlanOfRun of{run.statement, run.record.plan_id, run.hides, run.shares};
    if (capture::UseKnownPlan(of, text, details)) {
        return true;
    }
    Attempt attempt = Render(run, context, run.hides);
    if (attempt.plan == nullptr && attempt.reason == LostPlan::kError && !run.hides) {
        attempt = Render(run, context, true);  // now without output functions
    }
    if (attempt.plan != nullptr) {
        // A session that notes a run of its own holds the place for a microsecond, unless it was
        // stopped.
        constexpr int kMostOffers = 100;
        constexpr long kPauseUs = 1000;
        bool is_offered = capture::StorePlan(of, attempt.plan, text, details);
        for (int offers = 1; !is_offered && offers < kMostOffers; ++offers) {
            pg_usleep(kPauseUs);
            is_offered = capture::OfferPlanText(of, details->plan);
        }
        if (run.shares && details->plan != 0) {
            ShareText(run, details->plan);
        }
        return true;
    }
    if (attempt.is_worth_another && run.tries < kMostTries) {
        return false;
    }
    capture::CountLostPlan(attempt.reason, 1 + uint64{core::Get(run.sharers)});
    return true;
}

void WriteParameters(const WaitingRun& run, MemoryContext context, capture::SlowText* text,
                     core::SlowDetails* details) {
    if (!InTransaction(run, context, [&] {
            capture::RenderParameters(run.parameters, run.source, 0, 0, text, details);
        })) {
        core::Add(store::SharedSegment()->slow_log.shared->parameters_lost, 1);
    }
}

// Makes the text of what failed before it ran, and puts the record into the ring, unless a reset
// has forgotten it meanwhile.
void WriteText(WaitingRun* run, MemoryContext context) {
    core::Segment& segment = *store::SharedSegment();
    InTransaction(*run, context, [&] {
        const capture::QueryText text = capture::NormaliseQuery(run->source, 0, 0);
        run->record.text = segment.texts.Store({text.text, text.length},
                                               static_cast<uint32>(GetDatabaseEncoding()));
    });
    if (static_cast<uint64>(run->handed_at) >= core::Get(segment.header->stats_since_us)) {
        segment.texts.AddReference(run->record.text);
        run->record.id = segment.ring.Write(run->record);
    }
}

// Attaches to the run's record what could be written down. Returns false when the plan is to be
// tried again later.
bool WriteDown(WaitingRun& run, MemoryContext context) {
    capture::SlowText text;
    if (run.needs_text) {
        WriteText(&run, context);
    }
    core::SlowDetails details{run.record.plan_id, 0, 0};
    if (run.plan != nullptr && !WritePlan(run, context, &text, &details)) {
        return false;
    }
    if (run.keeps_parameters) {
        WriteParameters(run, context, &text, &details);
    }
    if (!run.needs_text) {
        store::SharedSegment()->ring.Attach(run.record.id, details);
    }
    capture::LogNews(run.statement, run.record.plan_id, run.news);
    if (run.has_line) {
        capture::WriteLineOf(run, text);
    }
    return true;
}

void WorkOff(Oid dbid) {
    MemoryContext context =
        AllocSetContextCreate(TopMemoryContext, "elile_optimize run", ALLOCSET_DEFAULT_SIZES);
    const TimestampTz until = GetCurrentTimestamp() + kLongestVisitMs * INT64CONST(1000) / 2;
    TimestampTz now = 0;
    while ((now = GetCurrentTimestamp()) < until) {
        worked = WaitingRuns::TakeFirst([dbid, now](const WaitingRun& run) {
            return run.record.dbid == dbid && WaitingRuns::NeedsWriter(run) && run.due_at <= now;
        });
        if (worked == nullptr) {
            break;
        }
        CHECK_FOR_INTERRUPTS();
        ++worked->tries;
        MemoryContextSwitchTo(context);
        WaitingRun* run = worked;
        if (WriteDown(*run, context)) {
            worked = nullptr;
            WaitingRuns::Release(run);
        } else {
            LeaveWork(0, Datum{0});
        }
        MemoryContextReset(context);
    }
}

}  // namespace

void WriteFailedPlans(Oid dbid) {
    before_shmem_exit(LeaveWork, Datum{0});
    // This bounds the wait for locks on indexes, which a plan that writes opens. Tables are never
    // waited for.
    SetConfigOption("lock_timeout", "100ms", PGC_USERSET, PGC_S_SESSION);
    WorkOff(dbid);
}

}  // namespace elile::keeper
