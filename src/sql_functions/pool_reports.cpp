// set_active_connections(), set_connection_pool_size() and set_clients_waiting(). With them an
// application, or whoever sees its pooler, reports figures of its pool.
#include "core/pools/reports.hpp"
#include "core/segment.hpp"
#include "sql_functions/common.hpp"
#include "store/own_database.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

void Report(core::PoolFigure figure, int32 count, const char* name) {
    core::Segment& segment = store::RequireSegment();
    if (count < 0) {
        ereport(ERROR,
                (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                 errmsg("%s %d is negative",
                        figure == core::PoolFigure::kClientsWaiting ? "number of clients"
                                                                    : "number of connections",
                        count)));
    }
    if (!store::MayWrite(segment)) {
        return;
    }
    char application[core::kNameBytes] = {};
    strlcpy(application, name != nullptr ? name : "", sizeof(application));
    store::NoteOwnDatabase();
    segment.pool_reports.Report(MyDatabaseId, application, figure, static_cast<uint64>(count),
                                static_cast<uint64>(GetCurrentTimestamp()));
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_set_active_connections, kStrict, VOIDOID, INT4OID) {
    Report(core::PoolFigure::kActiveConnections, PG_GETARG_INT32(0), application_name);
    PG_RETURN_VOID();
}

ELILE_SQL_FUNCTION(elile_set_connection_pool_size, kStrict, VOIDOID, INT4OID) {
    Report(core::PoolFigure::kPoolSize, PG_GETARG_INT32(0), application_name);
    PG_RETURN_VOID();
}

ELILE_SQL_FUNCTION(elile_set_clients_waiting, kStrict, VOIDOID, INT4OID, TEXTOID) {
    Report(core::PoolFigure::kClientsWaiting, PG_GETARG_INT32(0),
           text_to_cstring(PG_GETARG_TEXT_PP(1)));
    PG_RETURN_VOID();
}
