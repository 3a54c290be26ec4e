// elile_optimize.slow_queries: the kept slow executions, newest first.
#include <arpa/inet.h>

#include "pg/encoding.hpp"
#include "pg/row_writer.hpp"
#include "sql_functions/common.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

void WriteAddress(pg::RowWriter& row, const core::SlowRecord& record, bool visible) {
    if (!visible || record.address_family == 0) {
        row.Null();
        return;
    }
    char address[INET6_ADDRSTRLEN];
    inet_ntop(record.address_family == 4 ? AF_INET : AF_INET6, record.address, address,
              sizeof(address));
    row.Value(INETOID, DirectFunctionCall1(inet_in, CStringGetDatum(address)));
}

// A text of one of the pools, in the current memory context; null for none.
const char* ReadText(const core::TextPool& pool, uint32 id) {
    const pg::PooledText copy = pg::CopyText(pool, id);
    return copy.text != nullptr ? pg::ToDatabaseEncoding(copy.text, copy.length, copy.encoding)
                                : nullptr;
}

struct Texts {
    const char* query;
    const char* parameters;
    const char* plan;
};

void WriteRecord(pg::RowWriter& row, core::Segment& segment, const core::SlowRecord& record,
                 const Texts& texts) {
    const bool visible = MaySee(record.userid);
    row.Bigint(record.id);
    row.Time(record.started_at_us);
    row.Milliseconds(static_cast<double>(record.duration_ns));
    row.Double(static_cast<double>(record.threshold_us) / 1e3);
    row.Text(get_database_name(record.dbid));
    row.Text(GetUserNameFromId(record.userid, true));
    row.Text(visible ? pg::ToDatabaseEncoding(record.application_name,
                                              strnlen(record.application_name, NAMEDATALEN),
                                              static_cast<uint32>(GetDatabaseEncoding()))
                     : nullptr);
    WriteAddress(row, record, visible);
    row.Integer(static_cast<int32>(record.pid));
    visible&& record.queryid != 0 ? row.Bigint(record.queryid) : row.Null();
    row.Boolean(record.toplevel != 0);
    row.Text(OperationName(static_cast<core::Operation>(record.operation)));
    row.Text(LabelOf(NameOf(segment, record.table)));
    row.Bigint(record.rows);
    row.Text(record.sqlstate != 0 ? unpack_sql_state(static_cast<int>(record.sqlstate)) : nullptr);
    row.Text(visible ? texts.query : "<insufficient privilege>");
    row.Text(visible ? texts.parameters : nullptr);
    row.Text(visible ? texts.plan : nullptr);
    visible&& record.plan_id != 0 ? row.Bigint(record.plan_id) : row.Null();
    row.EndRow();
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_slow_queries, kStrict, RECORDOID) {
    core::Segment& segment = store::RequireSegment();
    pg::RowWriter row(fcinfo);
    const core::SlowRing& ring = segment.ring;
    MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "elile_optimize row", ALLOCSET_DEFAULT_SIZES);
    const uint64 newest = ring.LastId();
    const uint64 oldest = newest > ring.Size() ? newest - ring.Size() + 1 : 1;
    for (uint64 id = newest; id >= oldest; --id) {
        CHECK_FOR_INTERRUPTS();
        core::SlowRecord record;
        if (!ring.Read(id, &record)) {
            continue;
        }
        MemoryContext caller = MemoryContextSwitchTo(scratch);
        const Texts texts{ReadText(segment.texts, record.text),
                          ReadText(segment.details, record.parameters),
                          ReadText(segment.details, record.plan)};
        if (ring.Holds(id)) {
            WriteRecord(row, segment, record, texts);
        }
        MemoryContextSwitchTo(caller);
        MemoryContextReset(scratch);
    }
    return Datum{0};
}
