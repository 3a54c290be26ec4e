// set_active_connections() and set_connection_pool_size(): an application's own word on its pool.
#include "sql_functions/common.hpp"
#include "store/own_database.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

void Report(core::PoolFigure figure, int32 count) {
    core::StatementStore& store = store::RequireSharedStore();
    if (count < 0) {
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                        errmsg("number of connections %d is negative", count)));
    }
    char application[core::kNameBytes] = {};
    strlcpy(application, application_name != nullptr ? application_name : "", sizeof(application));
    store::NoteOwnDatabase();
    store.Parts().pools.Report(MyDatabaseId, application, figure, static_cast<uint64>(count),
                               static_cast<uint64>(GetCurrentTimestamp()));
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_set_active_connections) {
    Report(core::PoolFigure::kActiveConnections, PG_GETARG_INT32(0));
    PG_RETURN_VOID();
}

ELILE_SQL_FUNCTION(elile_set_connection_pool_size) {
    Report(core::PoolFigure::kPoolSize, PG_GETARG_INT32(0));
    PG_RETURN_VOID();
}
