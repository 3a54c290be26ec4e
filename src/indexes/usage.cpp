#include "indexes/usage.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "pg/compat.hpp"

namespace elile::indexes {
namespace {

constexpr TimestampTz kUnknown = DT_NOEND;

Datum CallOrNull(PGFunction function, Datum first, Datum second, bool* is_null) {
    LOCAL_FCINFO(call, 2);
    InitFunctionCallInfoData(*call, nullptr, 2, InvalidOid, nullptr, nullptr);
    call->args[0] = {first, false};
    call->args[1] = {second, false};
    const Datum result = function(call);
    *is_null = call->isnull;
    return result;
}

// Returns 0 for an index that has gone, and -1 for one that is locked exclusively, for which it
// does not wait.
int64 SizeOf(Oid index) {
    if (!ConditionalLockRelationOid(index, AccessShareLock)) {
        return -1;
    }
    bool is_null = false;
    const Datum bytes = CallOrNull(pg_relation_size, ObjectIdGetDatum(index),
                                   CStringGetTextDatum("main"), &is_null);
    UnlockRelationOid(index, AccessShareLock);
    return is_null ? 0 : DatumGetInt64(bytes);
}

// Statistics begin with the cluster, after a crash, or with a reset.
TimestampTz StatisticsSince() {
    const TimestampTz all = pgstat_fetch_stat_archiver()->stat_reset_timestamp;
    const PgStat_StatDBEntry* database = pgstat_fetch_stat_dbentry(MyDatabaseId);
    return database != nullptr ? Max(all, database->stat_reset_timestamp) : all;
}

// An index is at least as old as its file. Not every file system knows how old that is.
TimestampTz FileSince(Oid index) {
    bool is_null = false;
    const Datum path =
        CallOrNull(pg_relation_filepath, ObjectIdGetDatum(index), Datum{0}, &is_null);
    struct statx file = {};
    if (is_null || statx(AT_FDCWD, TextDatumGetCString(path), 0, STATX_BTIME, &file) != 0 ||
        (file.stx_mask & STATX_BTIME) == 0) {
        return kUnknown;
    }
    return time_t_to_timestamptz(static_cast<pg_time_t>(file.stx_btime.tv_sec));
}

// Returns since when it is known that there was no scan.
TimestampTz IdleSince(Oid index, int64 scans) {
    if (scans > 0) {
        const TimestampTz last = pg::LastScan(index);
        return last != 0 ? last : kUnknown;
    }
    const TimestampTz file = FileSince(index);
    return Max(file, StatisticsSince());
}

int WholeDaysSince(TimestampTz then) {
    const TimestampTz now = GetCurrentTimestamp();
    return then < now ? static_cast<int>((now - then) / USECS_PER_DAY) : 0;
}

}  // namespace

IndexUsage UsageOf(Oid index) {
    List* all = get_rel_relkind(index) == RELKIND_PARTITIONED_INDEX
                    ? list_delete_first(find_all_inheritors(index, NoLock, nullptr))
                    : list_make1_oid(index);
    IndexUsage usage = {0, 0, 0};
    TimestampTz idle_since = DT_NOBEGIN;
    ListCell* cell = nullptr;
    foreach (cell, all) {
        const Oid part = lfirst_oid(cell);
        if (get_rel_relkind(part) != RELKIND_INDEX) {
            continue;
        }
        const int64 bytes = usage.bytes >= 0 ? SizeOf(part) : -1;
        usage.bytes = bytes >= 0 ? usage.bytes + bytes : -1;
        const int64 scans =
            DatumGetInt64(DirectFunctionCall1(pg_stat_get_numscans, ObjectIdGetDatum(part)));
        usage.scans += scans;
        idle_since = Max(idle_since, IdleSince(part, scans));
    }
    usage.idle_days = TIMESTAMP_IS_NOBEGIN(idle_since) ? 0 : WholeDaysSince(idle_since);
    return usage;
}

const char* InDays(int days) { return psprintf("%d day%s", days, days == 1 ? "" : "s"); }

}  // namespace elile::indexes
