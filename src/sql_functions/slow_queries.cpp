// elile_optimize.slow_queries: the kept slow executions, newest first.
#include <arpa/inet.h>

#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/slow_ring.hpp"
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

void WriteBefore(pg::RowWriter& row, const core::SlowRecord& record) {
    const bool is_known = record.has_elapsed != 0;
    row.DoubleOrNull(is_known, static_cast<double>(record.elapsed_ns) / 1e6);
    row.DoubleOrNull(is_known, static_cast<double>(record.planned_ns) / 1e6);
    row.DoubleOrNull(is_known, static_cast<double>(record.elapsed_ns - record.duration_ns) / 1e6);
    row.Text(core::IsSlowBefore(record) ? "before" : "execution");
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
    row.BigintOrNull(visible && record.queryid != 0, record.queryid);
    row.Boolean(record.toplevel != 0);
    row.Text(record.operation != core::kNoOperation
                 ? OperationName(static_cast<core::Operation>(record.operation))
                 : nullptr);
    const bool has_table =
        record.operation != core::kNoOperation || record.table != core::kOtherTables;
    row.Text(has_table ? LabelOf(NameOf(segment, record.table)) : nullptr);
    row.Bigint(record.rows);
    row.Text(record.sqlstate != 0 ? unpack_sql_state(static_cast<int>(record.sqlstate)) : nullptr);
    row.Text(visible ? texts.query : "<insufficient privilege>");
    row.Text(visible ? texts.parameters : nullptr);
    row.Text(visible ? texts.plan : nullptr);
    row.BigintOrNull(visible && record.plan_id != 0, record.plan_id);
    WriteBefore(row, record);
    row.EndRow();
}

// A record is written within a microsecond, unless its writer was stopped. A reader waits so often
// in all, since a record that is not shown looks as if it had gone.
constexpr int kMostPauses = 100;
constexpr long kPauseUs = 100;

// Returns false when the record is busy, so that it may be written later.
bool WriteIfWhole(pg::RowWriter& row, core::Segment& segment, uint64 id) {
    const core::SlowRing& ring = segment.ring;
    core::SlowRecord record;
    const core::SlowRing::Reading reading = ring.Read(id, &record);
    if (reading != core::SlowRing::Reading::kWhole) {
        return reading == core::SlowRing::Reading::kGone;
    }
    const Texts texts{pg::ReadText(segment.texts, record.text),
                      pg::ReadText(segment.details, record.parameters),
                      pg::ReadText(segment.details, record.plan)};
    if (!ring.Holds(id)) {
        return false;
    }
    WriteRecord(row, segment, record, texts);
    return true;
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_slow_queries, kStrict, RECORDOID) {
    core::Segment& segment = store::RequireSegment();
    pg::RowWriter row(fcinfo);
    const core::SlowRing& ring = segment.ring;
    const uint64 newest = ring.LastId();
    int pauses = kMostPauses;
    row.ForEach(Min(newest, ring.Size()), [&](uint64 at) {
        while (!WriteIfWhole(row, segment, newest - at) && pauses > 0) {
            --pauses;
            CHECK_FOR_INTERRUPTS();
            pg_usleep(kPauseUs);
        }
    });
    return Datum{0};
}
