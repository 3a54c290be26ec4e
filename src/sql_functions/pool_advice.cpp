// elile_optimize.pool_advice puts the advice of core/pools/advice.hpp, with its figures, into
// words.
#include "core/pools/advice.hpp"
#include "core/pools/refusals.hpp"
#include "core/segment.hpp"
#include "core/statements/table.hpp"
#include "pg/compat.hpp"
#include "pg/row_writer.hpp"
#include "sql_functions/pools_now.hpp"

namespace elile::sql_functions {
namespace {

// The time that statements of each pool's user took in its database, since the statistics began.
struct StatementTimes {
    uint64* total_ns;  // by the pool's place
    double seconds;    // since the statistics began
};

uint64 OwnerOf(const core::PoolKey& key) { return uint64{key.userid} << 32 | key.dbid; }

struct OwnerTime {
    uint64 owner;
    uint64 total_ns;
};

int CompareOwners(const void* left, const void* right) {
    const uint64 a = static_cast<const OwnerTime*>(left)->owner;
    const uint64 b = static_cast<const OwnerTime*>(right)->owner;
    return a == b ? 0 : a < b ? -1 : 1;
}

// Pools of one owner are many, and so are statements: they meet in a sorted list of owners.
class OwnerTimes {
public:
    explicit OwnerTimes(const core::ObservedPools& pools)
        : times_(static_cast<OwnerTime*>(palloc(sizeof(OwnerTime) * (core::kPools + 1)))) {
        for (uint32 place = 0; place < pools.used; ++place) {
            times_[count_++] = {OwnerOf(pools.pools[place].key), 0};
        }
        qsort(times_, count_, sizeof(OwnerTime), CompareOwners);
    }

    // Returns null where no pool is the owner's. Of an owner that is there twice it is always the
    // same one, for the search goes the same way.
    OwnerTime* Find(uint64 owner) const {
        const OwnerTime wanted = {owner, 0};
        return static_cast<OwnerTime*>(
            bsearch(&wanted, times_, count_, sizeof(OwnerTime), CompareOwners));
    }

private:
    OwnerTime* times_;
    size_t count_ = 0;
};

StatementTimes SumStatements(core::Segment& segment, const core::ObservedPools& pools) {
    StatementTimes times;
    times.total_ns = static_cast<uint64*>(palloc0(sizeof(uint64) * (core::kPools + 1)));
    const OwnerTimes owners(pools);
    EnterStore(segment);
    for (const core::Entry& entry : segment.statements.entries) {
        if (!core::IsCounted(entry) || (core::Get(entry.flags) & core::kToplevel) == 0) {
            continue;
        }
        OwnerTime* owner = owners.Find(core::Get(entry.user_and_database));
        if (owner != nullptr) {
            segment.statements.ForEachCounters(entry, [owner](const core::Counters& unit) {
                owner->total_ns += core::Get(unit.tally.total_ns);
            });
        }
    }
    LeaveStore(segment);
    for (uint32 place = 0; place < pools.used; ++place) {
        times.total_ns[place] = owners.Find(OwnerOf(pools.pools[place].key))->total_ns;
    }
    times.seconds = static_cast<double>(GetCurrentTimestamp() -
                                        static_cast<TimestampTz>(pools.stats_since_us)) /
                    USECS_PER_SEC;
    return times;
}

// Estimates how many of the pool's connections were executing statements, on average. Statements
// are not told apart by application. So the pool gets its share of the user's time in the database,
// by its time in use. The result is 0 where the statistics reach back further than the pools'
// windows.
double StatementsBusy(const StatementTimes& times, const core::ObservedPools& pools, uint32 place) {
    constexpr double kLifeSeconds = static_cast<double>(core::kPoolLifeUs) / USECS_PER_SEC;
    if (times.seconds <= 0 || times.seconds > kLifeSeconds) {
        return 0;
    }
    const auto used = [](const core::ObservedPool& pool) {
        return static_cast<double>(pool.current.figures.checked_out + pool.last.checked_out);
    };
    double all = 0;
    for (uint32 other = 0; other < pools.used; ++other) {
        all += OwnerOf(pools.pools[other].key) == OwnerOf(pools.pools[place].key)
                   ? used(pools.pools[other])
                   : 0;
    }
    return all == 0 ? 0
                    : static_cast<double>(times.total_ns[place]) / 1e9 / times.seconds *
                          used(pools.pools[place]) / all;
}

double RefusedPerSecond(const core::Segment& segment, const PoolName& name) {
    constexpr double kLeastSeconds = 30;
    const auto now_us = static_cast<uint64>(GetCurrentTimestamp());
    double sum = 0;
    // A pooler may set the application's name only once it has the connection, so refusals without
    // a name are counted too.
    for (const char* application : {name.application, ""}) {
        const core::RefusalCounts refused =
            segment.refusals.Read(name.database, name.user, application, now_us);
        sum += static_cast<double>(refused.count) /
               Max(static_cast<double>(now_us - refused.first_us) / USECS_PER_SEC, kLeastSeconds);
        if (name.application[0] == '\0') {
            break;
        }
    }
    return sum;
}

uint32 AvailableConnections() {
    return static_cast<uint32>(
        Max(MaxConnections - pg::SuperuserReservedConnections() - pg::ReservedConnections(), 1));
}

const char* Connections(uint32 count) {
    return psprintf("%u connection%s", count, count == 1 ? "" : "s");
}

void AppendLimit(StringInfo out, int limit, uint32 sessions, const char* what, const char* name) {
    if (limit >= 0 && sessions >= static_cast<uint32>(limit)) {
        appendStringInfo(out, "%sCONNECTION LIMIT %d of %s \"%s\"", out->len > 0 ? " and " : "",
                         limit, what, name);
    }
}

// Returns in words the limits that this many sessions have reached; empty for none.
const char* LimitsReached(const core::PoolKey& key, const PoolName& name, uint32 sessions) {
    StringInfoData limits;
    initStringInfo(&limits);
    HeapTuple role = SearchSysCache1(AUTHOID, ObjectIdGetDatum(key.userid));
    if (HeapTupleIsValid(role)) {
        AppendLimit(&limits, reinterpret_cast<Form_pg_authid>(GETSTRUCT(role))->rolconnlimit,
                    sessions, "role", name.user);
        ReleaseSysCache(role);
    }
    HeapTuple database = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(key.dbid));
    if (HeapTupleIsValid(database)) {
        AppendLimit(&limits, reinterpret_cast<Form_pg_database>(GETSTRUCT(database))->datconnlimit,
                    sessions, "database", name.database);
        ReleaseSysCache(database);
    }
    return limits.data;
}

// Appends in words the demand that the looks have seen.
void AppendDemand(StringInfo out, const core::PoolAdvice& advice) {
    const core::PoolFigures& seen = advice.busiest->figures;
    const double minutes = seen.Seconds() / 60;
    appendStringInfo(out, "In %.1f min (%u looks%s) ", minutes, seen.looks,
                     advice.latest == &seen ? "" : ", the busiest of the last day");
    if (seen.busy_looks == 0) {
        appendStringInfoString(out, "no connection was in use.");
        return;
    }
    appendStringInfo(out,
                     "%.1f connections were in use on average while any was, %.0f %% of the time",
                     advice.concurrency, 100.0 * seen.busy_looks / seen.looks);
    if (seen.transactions > 0) {
        appendStringInfo(out, ": %.1f checkouts a second of %.1f ms",
                         static_cast<double>(seen.transactions) / seen.BusySeconds(),
                         advice.concurrency * seen.BusySeconds() * 1000 /
                             static_cast<double>(seen.transactions));
    }
    if (seen.waiting > 0) {
        appendStringInfo(out, "; %.1f clients waited on average, at %.0f %% of the looks",
                         static_cast<double>(seen.waiting) / seen.busy_looks,
                         100.0 * seen.waiting_looks / seen.looks);
    }
    const bool with_waiting = seen.waiting > 0;
    appendStringInfo(
        out, ". %u %s enough for 80 %% of the looks and %u for 99 %%%s.",
        advice.busiest->Quantile(core::kSizeShare), with_waiting ? "would have been" : "were",
        advice.busiest->Quantile(core::kPeakShare), with_waiting ? ", those waiting included" : "");
}

void AppendSize(StringInfo out, const core::PoolAdvice& advice) {
    const char* where = ", as the application told";
    if (advice.present_in == advice.latest) {
        where = psprintf(" at most in the last %.1f min", advice.latest->Seconds() / 60);
    } else if (advice.present_in != nullptr) {
        where = " at most in that time";
    }
    appendStringInfo(out, " The pool has %s%s", Connections(advice.present), where);
}

const char* ReasonOfWant(const core::PoolAdvice& advice) {
    if (advice.latest->waiting_looks > 0) {
        return ", and clients wait for one. Fewer than are recommended may do once these are "
               "served: look again when the pool has grown.";
    }
    return advice.grows > 1 ? ", and clients are refused." : ", and lives on its overflow.";
}

// Says how long connections were held for nothing, and how many the work itself took.
void AppendIdleness(StringInfo out, const core::PoolFigures& latest) {
    const bool lingers = core::IsLingering(latest);
    const uint64 idle = lingers ? latest.lingering : latest.in_transaction;
    const char* longer_than =
        lingers ? psprintf(" for more than %llu s",
                           static_cast<unsigned long long>(core::kLingerUs / USECS_PER_SEC))
                : "";
    appendStringInfo(out,
                     " %.0f %% of the time in use went by idle in a transaction%s; while they did "
                     "something, %.1f were in use on average.",
                     100.0 * static_cast<double>(idle) / static_cast<double>(latest.checked_out),
                     longer_than,
                     static_cast<double>(latest.checked_out - idle) / Max(latest.busy_looks, 1U));
}

void AppendVerdict(StringInfo out, const core::PoolAdvice& advice) {
    const core::PoolFigures& latest = *advice.latest;
    AppendSize(out, advice);
    switch (advice.finding) {
        case core::PoolFinding::kTooLarge:
            appendStringInfo(out, ", and no more than %u were ever in use at once.",
                             Max(advice.busiest->figures.peak_demand, latest.peak_demand));
            break;
        case core::PoolFinding::kTooSmall:
            appendStringInfoString(out, ReasonOfWant(advice));
            break;
        case core::PoolFinding::kChurn:
            appendStringInfo(
                out, ". It opened %.1f a second, which lived %.2f s on average: a pool keeps them.",
                static_cast<double>(latest.opened) / latest.Seconds(),
                core::MeanLifeSeconds(latest));
            break;
        case core::PoolFinding::kIdleInTransaction:
            appendStringInfoChar(out, '.');
            break;
        case core::PoolFinding::kAboveLimit:
            appendStringInfo(out, "; max_connections leaves %u for all users.",
                             AvailableConnections());
            break;
        default:
            appendStringInfoString(out, ", within a quarter of that.");
            if (advice.is_full && latest.waiting_looks == 0 && advice.present > 1) {
                appendStringInfoString(
                    out,
                    " None of them is ever free; whether clients wait is not to be seen from "
                    "here, unless set_clients_waiting() tells.");
            }
    }
    if (core::IsLingering(latest) || core::IsHeld(latest)) {
        AppendIdleness(out, latest);
    }
}

const char* Explain(const core::PoolAdvice& advice, const core::PoolEvidence& evidence,
                    const PoolName& name) {
    StringInfoData out;
    initStringInfo(&out);
    if (advice.finding == core::PoolFinding::kNotEnough) {
        appendStringInfo(&out, "%u of the %u looks at this pool that advice takes have been made.",
                         evidence.pool->current.figures.looks, core::kLooksNeeded);
        return out.data;
    }
    AppendDemand(&out, advice);
    if (evidence.statements_busy > 0) {
        appendStringInfo(&out, " Statements alone kept %.1f busy on average.",
                         evidence.statements_busy);
    }
    if (evidence.refused_per_s > 0) {
        appendStringInfo(&out,
                         " %.1f connections a minute were refused, so that demand is taken to be "
                         "%.1f times that.",
                         evidence.refused_per_s * 60, advice.grows);
    }
    const char* limits = LimitsReached(evidence.pool->key, name, advice.latest->peak_sessions);
    if (limits[0] != '\0') {
        appendStringInfo(&out, " There were as many as %s lets in.", limits);
    }
    AppendVerdict(&out, advice);
    return out.data;
}

void WriteAdvice(pg::RowWriter& row, const PoolName& name, const core::PoolEvidence& evidence) {
    const core::PoolAdvice advice = core::Advise(evidence);
    row.Text(name.database);
    row.Text(name.user);
    row.Text(name.application);
    const bool has_size = advice.finding != core::PoolFinding::kNotEnough;
    row.DoubleOrNull(has_size, advice.concurrency);
    row.BigintOrNull(has_size, advice.size);
    row.BigintOrNull(has_size, advice.overflow);
    row.Text(core::kPoolFindingNames[static_cast<size_t>(advice.finding)]);
    row.Text(Explain(advice, evidence, name));
    row.EndRow();
}

double ToldSizeOf(const PoolNow& now) {
    return static_cast<double>(now.told_plus_one[core::PlaceOf(core::PoolFigure::kPoolSize)]) - 1;
}

// Returns the most connections that a pool may take. That is the size that it told or the most
// sessions that it had lately, whichever is larger.
uint64 MaximumOf(const core::ObservedPool& pool, const PoolNow& now) {
    const uint32 seen = Max(pool.current.figures.peak_sessions, pool.last.peak_sessions);
    return static_cast<uint64>(Max(ToldSizeOf(now), static_cast<double>(Max(seen, now.sessions))));
}

// Writes the row on all pools together. All pools at their maxima at once must fit, or those who
// come last are refused.
void WriteSumOfMaxima(pg::RowWriter& row, const PoolsNow& pools) {
    uint64 sum = 0;
    uint32 count = 0;
    for (uint32 place = 0; place < pools.observed->used; ++place) {
        const core::ObservedPool& pool = pools.observed->pools[place];
        if (pools.now[place].sessions > 0 || ToldSizeOf(pools.now[place]) > 0) {
            sum += MaximumOf(pool, pools.now[place]);
            ++count;
        }
    }
    if (sum <= AvailableConnections()) {
        return;
    }
    row.Nulls(6);
    row.Text(core::kPoolFindingNames[static_cast<size_t>(core::PoolFinding::kAboveLimit)]);
    row.Text(
        psprintf("%u pools may take %llu connections together, the size that each told or the "
                 "most that it had; max_connections leaves %u.",
                 count, static_cast<unsigned long long>(sum), AvailableConnections()));
    row.EndRow();
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_pool_advice, kStrict, RECORDOID) {
    core::Segment& segment = store::RequireSegment();
    pg::RowWriter row(fcinfo);
    const PoolsNow pools = ReadPoolsNow(segment);
    const StatementTimes times = SumStatements(segment, *pools.observed);
    row.ForEach(core::kOtherPools, [&](uint64 at) {
        PoolName name;
        const auto place = static_cast<uint32>(at);
        const core::ObservedPool& pool = pools.observed->pools[place];
        if (NameOfPool(pools, place, &name) && name.user != nullptr) {
            WriteAdvice(row, name,
                        {&pool, ToldSizeOf(pools.now[place]), RefusedPerSecond(segment, name),
                         StatementsBusy(times, *pools.observed, place), AvailableConnections()});
        }
    });
    WriteSumOfMaxima(row, pools);
    return Datum{0};
}
