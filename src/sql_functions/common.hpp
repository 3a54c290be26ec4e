// What the functions behind the views share.
#pragma once

#include "core/statement_store.hpp"
#include "pg/postgres.hpp"
#include "store/shared_store.hpp"

// The head of an SQL-callable function.
#define ELILE_SQL_FUNCTION(name) \
    extern "C" {                 \
    PG_FUNCTION_INFO_V1(name);   \
    }                            \
    PGDLLEXPORT Datum name([[maybe_unused]] FunctionCallInfo fcinfo)

namespace elile::sql_functions {

using store::EnterStore;
using store::LeaveStore;

// Whether the caller may see texts and identifiers of statements of this role.
bool MaySee(Oid userid);

struct TableName {
    const char* schema;
    const char* table;
};

// The table's present name when it is one of this database, else the name that a session saw last.
// Empty for no table; table "(other)" where the directory was full.
TableName NameOf(core::StatementStore& store, uint32 table);

// As the table_name columns and labels have it: bare in schema public, schema.name elsewhere, null
// for no table.
const char* LabelOf(const TableName& name);

const char* OperationName(core::Operation operation);

}  // namespace elile::sql_functions
