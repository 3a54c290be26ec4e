#include "indexes/journal.hpp"

#include "pg/settings.hpp"

namespace elile::indexes {

uint64 RunAsSuperuser(const char* sql, std::initializer_list<Argument> arguments, RowVisitor visit,
                      void* context) {
    constexpr int kMostArguments = 8;
    Oid types[kMostArguments];
    Datum values[kMostArguments];
    char nulls[kMostArguments];
    int count = 0;
    for (const Argument& argument : arguments) {
        types[count] = argument.type;
        values[count] = argument.value;
        nulls[count++] = argument.is_null ? 'n' : ' ';
    }
    MemoryContext callers = CurrentMemoryContext;
    Oid userid = InvalidOid;
    int security = 0;
    GetUserIdAndSecContext(&userid, &security);
    SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, security | SECURITY_LOCAL_USERID_CHANGE);
    SPI_connect();
    PushActiveSnapshot(GetTransactionSnapshot());
    const int result = SPI_execute_with_args(sql, count, types, values, nulls, false, 0);
    if (result < 0) {
        elog(ERROR, "could not run \"%s\": %s", sql, SPI_result_code_string(result));
    }
    PopActiveSnapshot();
    SetUserIdAndSecContext(userid, security);
    const uint64 rows = SPI_processed;
    SPITupleTable* table = SPI_tuptable;
    MemoryContext spi = MemoryContextSwitchTo(callers);
    for (uint64 at = 0; visit != nullptr && table != nullptr && at < rows; ++at) {
        visit(table->vals[at], table->tupdesc, context);
    }
    MemoryContextSwitchTo(spi);
    SPI_finish();
    return rows;
}

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

bool HasJournal() {
    const Oid schema = get_namespace_oid("elile_optimize", true);
    return OidIsValid(get_extension_oid("elile_optimize", true)) && OidIsValid(schema) &&
           OidIsValid(get_relname_relid("index_build_journal", schema));
}

bool LoadBuild(int64 id, Build* build) {
    const char* sql =
        psprintf("select %s from elile_optimize.index_build_journal where id = $1", kBuildColumns);
    return ForEachRow(sql, {Bigint(id)}, [build](HeapTuple row, TupleDesc columns) {
               *build = BuildFrom(row, columns);
           }) > 0;
}

void SetPhase(int64 id, const char* phase) {
    RunAsSuperuser(
        "update elile_optimize.index_build_journal set phase = $2"
        " where id = $1 and phase is distinct from $2",
        {Bigint(id), Text(phase)});
}

void Claim(int64 id) {
    RunAsSuperuser(
        "update elile_optimize.index_build_journal set state = 'building',"
        " attempts = attempts + 1, phase = 'initializing',"
        " started_at = clock_timestamp() where id = $1",
        {Bigint(id)});
}

void Unclaim(int64 id, const char* phase, int delay_s) {
    RunAsSuperuser(
        "update elile_optimize.index_build_journal set state = 'queued',"
        " attempts = greatest(attempts - 1, 0), phase = $2, started_at = null,"
        " not_before = clock_timestamp() + $3 * interval '1 s'"
        " where id = $1 and state = 'building'",
        {Bigint(id), Text(phase), Integer(delay_s)});
}

bool NoteIndex(int64 id, Oid index_oid) {
    return RunAsSuperuser(
               "update elile_optimize.index_build_journal set index_oid = $2"
               " where id = $1 and state = 'building' and (not cancel or $2 = 0)",
               {Bigint(id), ObjectId(index_oid)}) > 0;
}

void Finish(int64 id) {
    RunAsSuperuser(
        "update elile_optimize.index_build_journal set state = 'done', index_oid = 0,"
        " phase = null, error = null, finished_at = clock_timestamp() where id = $1",
        {Bigint(id)});
}

void Settle(int64 id, const char* error, bool may_retry) {
    RunAsSuperuser(
        "update elile_optimize.index_build_journal set index_oid = 0, error = coalesce($2, error),"
        " state = case when cancel then 'cancelled' when again then 'queued' else 'failed' end,"
        " phase = case when not cancel and again then 'waiting before it begins again' end,"
        " finished_at = case when cancel or not again then clock_timestamp() end,"
        " not_before = clock_timestamp() + $5 * 2 ^ least(attempts - 1, 16) * interval '1 s'"
        " from (select $3 and attempts <= $4 as again"
        "         from elile_optimize.index_build_journal where id = $1) decided"
        " where id = $1 and state = 'building'",
        {Bigint(id), Text(error), Boolean(may_retry), Integer(pg::Settings::index_build_retries),
         Integer(pg::Settings::index_build_retry_delay)});
}

void Cancel(int64 id) {
    RunAsSuperuser(
        "update elile_optimize.index_build_journal set cancel = true,"
        " state = case when state = 'queued' and index_oid = 0 then 'cancelled' else state end,"
        " phase = case when state = 'queued' and index_oid = 0 then null else phase end,"
        " finished_at = case when state = 'queued' and index_oid = 0 then clock_timestamp() end"
        " where id = $1",
        {Bigint(id)});
}

void TrimJournal() {
    RunAsSuperuser(
        "delete from elile_optimize.index_build_journal where finished_at is not null"
        " and id <= (select id from elile_optimize.index_build_journal"
        "             where finished_at is not null"
        "             order by id desc offset 1000 limit 1)",
        {});
}

}  // namespace elile::indexes
