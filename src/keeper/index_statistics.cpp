#include "keeper/index_statistics.hpp"

#include "core/segment.hpp"
#include "core/snapshot/parts.hpp"
#include "keeper/database_jobs.hpp"
#include "keeper/worker_session.hpp"
#include "pg/identity.hpp"
#include "store/own_database.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

constexpr uint32 kRowsOfDatabase = 250;

// pg_relation_size() would wait for an index that somebody has locked exclusively, so such an index
// is left out.
constexpr const char* kIndexQuery =
    "select n.nspname, t.relname, i.relname, pg_stat_get_numscans(i.oid), x.indisvalid,"
    "       pg_relation_size(i.oid), count(*) over ()"
    "  from pg_index x"
    "  join pg_class i on i.oid = x.indexrelid and i.relkind = 'i'"
    "  join pg_class t on t.oid = x.indrelid"
    "  join pg_namespace n on n.oid = t.relnamespace"
    " where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'"
    "   and not exists (select from pg_locks l"
    "                    where l.database = (select oid from pg_database"
    "                                         where datname = current_database())"
    "                      and l.relation = i.oid and l.mode = 'AccessExclusiveLock')"
    " order by 5, 6 desc, i.oid"
    " limit 250";

const char* NameIn(HeapTuple tuple, int column) {
    bool is_null = false;
    const Datum name = SPI_getbinval(tuple, SPI_tuptable->tupdesc, column, &is_null);
    return NameStr(*DatumGetName(name));
}

int64 NumberIn(HeapTuple tuple, int column) {
    bool is_null = false;
    const Datum number = SPI_getbinval(tuple, SPI_tuptable->tupdesc, column, &is_null);
    return is_null ? 0 : DatumGetInt64(number);
}

void CopyRow(core::IndexStatistic& row, HeapTuple tuple) {
    bool is_null = false;
    row.dbid = MyDatabaseId;
    core::CopyName(row.schema, NameIn(tuple, 1));
    core::CopyName(row.table, NameIn(tuple, 2));
    core::CopyName(row.index, NameIn(tuple, 3));
    row.scans = static_cast<uint64>(NumberIn(tuple, 4));
    row.is_valid = DatumGetBool(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 5, &is_null)) ? 1 : 0;
    row.bytes = static_cast<uint64>(NumberIn(tuple, 6));
}

// Keeps only the figures of other databases that still exist.
void ForgetOwnAndDropped(core::IndexStatistics& indexes) {
    const auto stays = [](Oid dbid) {
        return dbid != MyDatabaseId && SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(dbid));
    };
    uint32 databases = 0;
    for (uint32 at = 0; at < indexes.databases; ++at) {
        if (stays(indexes.database[at].dbid)) {
            indexes.database[databases++] = indexes.database[at];
        }
    }
    uint32 rows = 0;
    for (uint32 at = 0; at < indexes.rows; ++at) {
        if (stays(indexes.index[at].dbid)) {
            indexes.index[rows++] = indexes.index[at];
        }
    }
    indexes.databases = databases;
    indexes.rows = rows;
}

void AddOwn(core::IndexStatistics& indexes) {
    static_assert(kRowsOfDatabase == 250, "the query's limit");
    if (SPI_execute(kIndexQuery, true, 0) != SPI_OK_SELECT ||
        indexes.databases >= core::kDatabases) {
        return;
    }
    const uint64 found = SPI_processed;
    const uint64 all = found > 0 ? static_cast<uint64>(NumberIn(SPI_tuptable->vals[0], 7)) : 0;
    uint32 added = 0;
    for (; added < found && indexes.rows < core::kIndexRows; ++added) {
        CopyRow(indexes.index[indexes.rows++], SPI_tuptable->vals[added]);
    }
    indexes.database[indexes.databases++] = {MyDatabaseId, static_cast<uint32>(all - added),
                                             static_cast<uint64>(GetCurrentTimestamp())};
}

void Look() {
    StartTransactionCommand();
    core::Segment& segment = store::RequireSegment();
    if (OidIsValid(get_extension_oid("elile_optimize", true))) {
        const pg::Identity before = pg::ActAs(ROLE_PG_READ_ALL_STATS);
        SPI_connect();
        PushActiveSnapshot(GetTransactionSnapshot());
        core::IndexStatistics* indexes = CopyIndexStatistics(segment);
        ForgetOwnAndDropped(*indexes);
        AddOwn(*indexes);
        store::NoteOwnDatabase(get_database_name(MyDatabaseId));
        segment.indexes.Write(indexes);
        PopActiveSnapshot();
        SPI_finish();
        pg::ActAgainAs(before);
    }
    CommitTransactionCommand();
}

}  // namespace

core::IndexStatistics* CopyIndexStatistics(const core::Segment& segment) {
    auto* indexes = static_cast<core::IndexStatistics*>(palloc0(sizeof(core::IndexStatistics)));
    if (!segment.indexes.Read(indexes)) {
        memset(static_cast<void*>(indexes), 0, sizeof(*indexes));
    }
    return indexes;
}

// An error in here, such as a lock that is not to be had, is not told. The figures' age shows it.
void CollectIndexStatistics(Oid) {
    SetConfigOption("lock_timeout", "500ms", PGC_USERSET, PGC_S_SESSION);
    PG_TRY();
    { Look(); }
    PG_CATCH();
    { SwallowError(TopMemoryContext); }
    PG_END_TRY();
}

}  // namespace elile::keeper
