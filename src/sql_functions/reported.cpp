#include "sql_functions/reported.hpp"

#include <cmath>

#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "store/own_database.hpp"
#include "store/places.hpp"

namespace elile::sql_functions {
namespace {

void TakeName(char (&to)[core::kNameBytes], std::string_view name) {
    if (name.size() >= core::kNameBytes) {
        ereport(ERROR, (errcode(ERRCODE_NAME_TOO_LONG), errmsg("table name is too long"),
                        errdetail("A name has at most %d bytes.", core::kNameBytes - 1)));
    }
    core::CopyName(to, name);
}

const char* SchemaOf(const char* table) {
    const Oid relid = RelnameGetRelid(table);
    const char* schema =
        OidIsValid(relid) ? get_namespace_name_or_temp(get_rel_namespace(relid)) : nullptr;
    return schema != nullptr ? schema : "public";
}

}  // namespace

core::Operation ReportedOperation(const char* name) {
    for (int at = 0; at < core::kOperations; ++at) {
        if (pg_strcasecmp(name, core::kOperationNames[static_cast<size_t>(at)].data()) == 0) {
            return static_cast<core::Operation>(at);
        }
    }
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown operation \"%.64s\"", name),
             errhint("Known operations are select, insert, update, delete, merge and "
                     "utility.")));
}

uint32 ReportedTable(const char* name) {
    if (name[0] == '\0') {
        ereport(ERROR, (errcode(ERRCODE_INVALID_NAME), errmsg("table name is empty")));
    }
    core::TableNames names;
    const char* dot = strchr(name, '.');
    const char* table = dot != nullptr ? dot + 1 : name;
    TakeName(names.table, table);
    if (dot != nullptr) {
        TakeName(names.schema, {name, static_cast<size_t>(dot - name)});
    } else {
        TakeName(names.schema, SchemaOf(names.table));
    }
    if (names.table[0] == '\0' || names.schema[0] == '\0') {
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_NAME), errmsg("\"%.128s\" is not a table name", name),
                 errhint("Give a name or schema.name.")));
    }
    store::NoteOwnDatabase();
    return store::InsertTable({MyDatabaseId, InvalidOid, core::TableDirectory::HashNames(names)},
                              names);
}

uint64 ReportedDuration(double seconds) {
    constexpr double kLongest = 1e9;
    if (!(seconds >= 0 && seconds <= kLongest)) {
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                        errmsg("duration %g is out of range", seconds),
                        errhint("Give seconds from 0 to 1e9.")));
    }
    return static_cast<uint64>(std::llround(seconds * 1e9));
}

}  // namespace elile::sql_functions
