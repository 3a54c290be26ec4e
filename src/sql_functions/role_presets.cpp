#include "sql_functions/role_presets.hpp"

#include "core/pools/presets.hpp"

namespace elile::sql_functions {
namespace {

// Returns a copy of the value that outlives SPI_finish(); null for a null.
char* CopyOfColumn(int row, int column) {
    char* value = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
    if (value == nullptr) {
        return nullptr;
    }
    const size_t bytes = strlen(value) + 1;
    return static_cast<char*>(memcpy(SPI_palloc(bytes), value, bytes));
}

int NumberOfColumn(int row, int column) {
    int number = -1;
    const char* value = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
    return value != nullptr && parse_int(value, &number, 0, nullptr) ? number : -1;
}

Oid OidOfColumn(int row, int column) {
    bool is_null = false;
    return DatumGetObjectId(
        SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &is_null));
}

// Runs a query with the subject's role as $1, its database as $2 and `names` as $3. It leaves the
// rows in SPI_tuptable.
void Ask(const char* sql, const Subject& subject, const char* names) {
    Oid types[] = {OIDOID, OIDOID, TEXTOID};
    Datum values[] = {ObjectIdGetDatum(subject.role_oid), ObjectIdGetDatum(subject.database_oid),
                      CStringGetTextDatum(names)};
    if (SPI_execute_with_args(sql, 3, types, values, nullptr, false, 0) != SPI_OK_SELECT) {
        elog(ERROR, "could not read pg_db_role_setting");
    }
}

constexpr const char* kPresetsSql =
    "select d.datname, x.environment, x.pool_size, x.max_overflow, x.logs, s.setdatabase = $2,"
    "  s.setrole, s.setdatabase"
    " from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase,"
    " lateral (select max(value) filter (where name = 'elile_optimize.environment') environment,"
    "   max(value) filter (where name = 'elile_optimize.pool_size') pool_size,"
    "   max(value) filter (where name = 'elile_optimize.max_overflow') max_overflow,"
    "   max(value) filter (where name = 'log_min_duration_statement') logs"
    "  from (select split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value"
    "   from unnest(s.setconfig) c) settings) x"
    " where (s.setrole = $1 or $1 = 0) and $3 = '' and x.environment is not null and x.pool_size "
    "is not null"
    "  and x.max_overflow is not null"
    " order by d.datname";

constexpr const char* kSettingsSql =
    "select string_agg(split_part(c, '=', 1), ', ' order by c)"
    " from pg_db_role_setting s, unnest(s.setconfig) c"
    " where s.setrole = $1 and s.setdatabase = $2"
    "  and split_part(c, '=', 1) = any (string_to_array($3, ','))";

}  // namespace

Subject FindSubject(const char* role, const char* database) {
    Subject subject = {
        role,  database, get_role_oid(role, false), get_database_oid(database, false), -1,
        false, false};
    HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(subject.role_oid));
    if (!HeapTupleIsValid(tuple)) {
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("role \"%s\" does not exist", role)));
    }
    const auto* form = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple));
    subject.limit = form->rolconnlimit;
    subject.can_login = form->rolcanlogin;
    subject.is_superuser = form->rolsuper;
    ReleaseSysCache(tuple);
    return subject;
}

RolePresets PresetsOf(const Subject& subject) {
    SPI_connect();
    Ask(kPresetsSql, subject, "");
    const int count = static_cast<int>(SPI_processed);
    auto* rows = static_cast<RolePreset*>(SPI_palloc(sizeof(RolePreset) * (SPI_processed + 1)));
    RolePresets presets = {rows, count, nullptr};
    for (int at = 0; at < count; ++at) {
        RolePreset& row = rows[at];
        row = {CopyOfColumn(at, 1),   CopyOfColumn(at, 2),        NumberOfColumn(at, 3),
               NumberOfColumn(at, 4), NumberOfColumn(at, 5) == 0, OidOfColumn(at, 7),
               OidOfColumn(at, 8)};
        const core::PoolPreset* preset = core::FindPoolPreset(row.environment);
        row.logs_all = row.logs_all && preset != nullptr && preset->echo;
        if (*CopyOfColumn(at, 6) == 't') {
            presets.here = &row;
        }
    }
    SPI_finish();
    return presets;
}

RolePresets AllPresets() {
    return PresetsOf({nullptr, nullptr, InvalidOid, InvalidOid, -1, false, false});
}

const char* SettingsAmong(const Subject& subject, const char* names) {
    SPI_connect();
    Ask(kSettingsSql, subject, names);
    const char* found = CopyOfColumn(0, 1);
    SPI_finish();
    return found;
}

}  // namespace elile::sql_functions
