#include "sql_functions/pools_now.hpp"

#include "core/pools/reports.hpp"
#include "core/segment.hpp"
#include "core/snapshot/parts.hpp"
#include "pg/client_sessions.hpp"

namespace elile::sql_functions {
namespace {

void ReadObserved(const core::Segment& segment, core::ObservedPools* observed) {
    if (!segment.observed.Read(observed) ||
        observed->stats_since_us != core::Get(segment.header->stats_since_us)) {
        memset(static_cast<void*>(observed), 0, sizeof(*observed));
    }
}

void AddSessions(const PoolsNow& pools, uint64 now_us) {
    const int sessions = pgstat_fetch_stat_numbackends();
    for (int at = 1; at <= sessions; ++at) {
        core::SeenSession session;
        if (!pg::ReadClientSession(at, &session)) {
            continue;
        }
        PoolNow& pool = pools.now[pools.observed->PlaceFor(session.pool, now_us)];
        const auto started = static_cast<TimestampTz>(session.started_at_us);
        ++pool.sessions;
        pool.checked_out += core::IsCheckedOut(session.state) ? 1 : 0;
        pool.invalid += core::IsInvalid(session, now_us) ? 1 : 0;
        pool.oldest_start = pool.oldest_start == 0 ? started : Min(pool.oldest_start, started);
    }
}

void AddReport(const PoolsNow& pools, const core::PoolReportCopy& report, uint64 now_us) {
    bool has_pool = false;
    for (uint32 place = 0; place < pools.observed->used; ++place) {
        const core::PoolKey& key = pools.observed->pools[place].key;
        if (key.dbid == report.database &&
            memcmp(key.application, report.application, sizeof(key.application)) == 0) {
            pools.now[place].told_plus_one = report.figure_plus_one;
            has_pool = true;
        }
    }
    const bool tells_size =
        (report.figure_plus_one[core::PlaceOf(core::PoolFigure::kPoolSize)] |
         report.figure_plus_one[core::PlaceOf(core::PoolFigure::kActiveConnections)]) != 0;
    if (!has_pool && tells_size) {
        core::PoolKey key = {report.database, InvalidOid, {}};
        memcpy(key.application, report.application, sizeof(key.application));
        const uint32 place = pools.observed->PlaceFor(key, now_us);
        if (place != core::kOtherPools) {
            pools.now[place].told_plus_one = report.figure_plus_one;
        }
    }
}

}  // namespace

PoolsNow ReadPoolsNow(core::Segment& segment) {
    PoolsNow pools;
    pools.observed = static_cast<core::ObservedPools*>(palloc(sizeof(core::ObservedPools)));
    pools.now = static_cast<PoolNow*>(palloc0(sizeof(PoolNow) * (core::kPools + 1)));
    const auto now_us = static_cast<uint64>(GetCurrentTimestamp());
    ReadObserved(segment, pools.observed);
    AddSessions(pools, now_us);
    for (uint32 index = 0; index < core::kPoolReports; ++index) {
        core::PoolReportCopy report;
        if (segment.pool_reports.Read(index, now_us, &report)) {
            AddReport(pools, report, now_us);
        }
    }
    return pools;
}

bool NameOfPool(const PoolsNow& pools, uint32 place, PoolName* name) {
    const core::ObservedPool& pool = pools.observed->pools[place];
    if (place == core::kOtherPools) {
        *name = {nullptr, nullptr, "other"};
        return pools.now[place].sessions > 0 || pool.opened > 0;
    }
    if (place >= pools.observed->used) {
        return false;
    }
    const bool has_user = OidIsValid(pool.key.userid);
    *name = {get_database_name(pool.key.dbid),
             has_user ? GetUserNameFromId(pool.key.userid, true) : nullptr, pool.key.application};
    return name->database != nullptr && (name->user != nullptr || !has_user);
}

}  // namespace elile::sql_functions
