// Helpers that the functions behind the views share.
#pragma once

#include "core/statements/statement.hpp"
#include "pg/own_version.hpp"
#include "pg/postgres.hpp"
#include "store/shared_store.hpp"

// Begins an SQL-callable function: its name, strictness, result and argument types as the
// extension's script declares them. A call through another declaration raises an error.
#define ELILE_SQL_FUNCTION(name, is_strict, result, ...)                                      \
    extern "C" {                                                                              \
    PG_FUNCTION_INFO_V1(name);                                                                \
    }                                                                                         \
    static Datum name##_as_declared(FunctionCallInfo fcinfo);                                 \
    PGDLLEXPORT Datum name(FunctionCallInfo fcinfo) {                                         \
        elile::pg::RequireDeclaration(fcinfo, {elile::pg::is_strict, result, {__VA_ARGS__}}); \
        return name##_as_declared(fcinfo);                                                    \
    }                                                                                         \
    static Datum name##_as_declared([[maybe_unused]] FunctionCallInfo fcinfo)

namespace elile::sql_functions {

using store::EnterStore;
using store::LeaveStore;

// Whether the caller may see texts and identifiers of statements of this role.
bool MaySee(Oid userid);

struct TableName {
    const char* schema;
    const char* table;
};

// Returns the table's present name where it is one of this database, else the name that a session
// saw last. The name is empty for no table, and "(other)" where the directory was full.
TableName NameOf(core::Segment& segment, uint32 table);

// Returns the name as table_name columns and labels show it: bare in schema public, schema.name
// elsewhere, null for no table.
const char* LabelOf(const TableName& name);

const char* OperationName(core::Operation operation);

}  // namespace elile::sql_functions
