#include "indexes/journal.hpp"

#include "indexes/journal_table.hpp"
#include "pg/settings.hpp"

namespace elile::indexes {

namespace {

Datum Column(HeapTuple row, TupleDesc columns, int number) {
    bool is_null = false;
    return SPI_getbinval(row, columns, number, &is_null);
}

}  // namespace

Build BuildFrom(HeapTuple row, TupleDesc columns) {
    Build build = {};
    build.id = DatumGetInt64(Column(row, columns, 1));
    build.name = *DatumGetName(Column(row, columns, 2));
    build.schema = *DatumGetName(Column(row, columns, 3));
    build.table = *DatumGetName(Column(row, columns, 4));
    build.table_oid = DatumGetObjectId(Column(row, columns, 5));
    build.userid = DatumGetObjectId(Column(row, columns, 6));
    build.index_oid = DatumGetObjectId(Column(row, columns, 7));
    build.attempts = DatumGetInt32(Column(row, columns, 8));
    build.is_building = DatumGetBool(Column(row, columns, 9));
    build.cancel = DatumGetBool(Column(row, columns, 10));
    return build;
}

bool HasJournal() { return LockJournal().state == JournalState::kUsable; }

bool LoadBuild(int64 id, Build* build) {
    const char* sql = psprintf("select %s from @journal where id = $1", kBuildColumns);
    return ForEachRow(sql, {Bigint(id)}, [build](HeapTuple row, TupleDesc columns) {
               *build = BuildFrom(row, columns);
           }) > 0;
}

void SetPhase(int64 id, const char* phase) {
    RunOnJournal(
        "update @journal set phase = $2"
        " where id = $1 and phase is distinct from $2",
        {Bigint(id), Text(phase)});
}

void Claim(int64 id) {
    RunOnJournal(
        "update @journal set state = 'building',"
        " attempts = attempts + 1, phase = 'initializing',"
        " started_at = clock_timestamp() where id = $1",
        {Bigint(id)});
}

void Unclaim(int64 id, const char* phase, int delay_s) {
    RunOnJournal(
        "update @journal set state = 'queued',"
        " attempts = greatest(attempts - 1, 0), phase = $2, started_at = null,"
        " not_before = clock_timestamp() + $3 * interval '1 s'"
        " where id = $1 and state = 'building'",
        {Bigint(id), Text(phase), Integer(delay_s)});
}

bool NoteIndex(int64 id, Oid index_oid) {
    return RunOnJournal(
               "update @journal set index_oid = $2"
               " where id = $1 and state = 'building' and (not cancel or $2 = 0)",
               {Bigint(id), ObjectId(index_oid)}) > 0;
}

void Finish(int64 id) {
    RunOnJournal(
        "update @journal set state = 'done', index_oid = 0,"
        " phase = null, error = null, finished_at = clock_timestamp() where id = $1",
        {Bigint(id)});
}

void Settle(int64 id, const char* error, bool may_retry) {
    RunOnJournal(
        "update @journal set index_oid = 0, error = coalesce($2, error),"
        " state = case when cancel then 'cancelled' when again then 'queued' else 'failed' end,"
        " phase = case when not cancel and again then 'waiting before it begins again' end,"
        " finished_at = case when cancel or not again then clock_timestamp() end,"
        " not_before = clock_timestamp() + $5 * 2 ^ least(attempts - 1, 16) * interval '1 s'"
        " from (select $3 and attempts <= $4 as again"
        "         from @journal where id = $1) decided"
        " where id = $1 and state = 'building'",
        {Bigint(id), Text(error), Boolean(may_retry), Integer(pg::Settings::index_build_retries),
         Integer(pg::Settings::index_build_retry_delay)});
}

bool Cancel(int64 id) {
    bool is_building = false;
    ForEachRow(
        "update @journal set cancel = true,"
        " state = case when state = 'queued' and index_oid = 0 then 'cancelled' else state end,"
        " phase = case when state = 'queued' and index_oid = 0 then null else phase end,"
        " finished_at = case when state = 'queued' and index_oid = 0 then clock_timestamp() end"
        " where id = $1 and state in ('queued', 'building') returning state = 'building'",
        {Bigint(id)}, [&is_building](HeapTuple row, TupleDesc columns) {
            is_building = DatumGetBool(Column(row, columns, 1));
        });
    return is_building;
}

void TrimJournal() {
    RunOnJournal(
        "delete from @journal where finished_at is not null"
        " and id <= (select id from @journal"
        "             where finished_at is not null"
        "             order by id desc offset 1000 limit 1)",
        {});
}

}  // namespace elile::indexes
