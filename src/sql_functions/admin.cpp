// elile_optimize.info, reset() and record_db_query().
#include "core/version.hpp"
#include "pg/clock.hpp"
#include "pg/json.hpp"
#include "pg/row_writer.hpp"
#include "pg/settings.hpp"
#include "sql_functions/common.hpp"
#include "sql_functions/reported.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

void Reset(core::StatementStore& store, Oid userid, Oid dbid, uint64 queryid) {
    int pauses = 0;
    while (!store.TryReset(userid, dbid, queryid, static_cast<uint64>(GetCurrentTimestamp()))) {
        store::PauseBeforeGate(store, &pauses);
    }
}

// It tells each second; a machine under load may hold it up.
bool HasKeeper(const core::SegmentHeader& header) {
    constexpr uint64 kPatienceNs = 10000000000;
    const uint64 seen_ns = core::Get(header.keeper_seen_ns);
    const uint64 now_ns = pg::MonotonicNs();
    return now_ns < seen_ns || now_ns - seen_ns < kPatienceNs;
}

const char* KeeperState(const core::StatementStore& store) {
    const bool has_keeper = HasKeeper(*store.Parts().header);
    if (store.IsReady()) {
        return has_keeper ? "ready" : "counting, but no keeper is at work: see the server log";
    }
    return has_keeper ? "waiting for repair after a crash: nothing is counted"
                      : "not repaired after a crash, for no keeper is at work: nothing is counted";
}

void WriteOverhead(pg::RowWriter& row, const core::SegmentHeader& header) {
    const auto measured = static_cast<double>(core::Get(header.measured_executions));
    const auto covered = static_cast<double>(core::Get(header.covered_executions));
    const auto elapsed_ns = static_cast<double>(core::Get(header.covered_elapsed_ns));
    if (measured == 0) {
        row.Null();
        row.Null();
        return;
    }
    const double own_ns = static_cast<double>(core::Get(header.measured_own_ns)) / measured;
    row.Double(own_ns);
    if (elapsed_ns > 0) {
        row.Double(own_ns * covered / elapsed_ns);
    } else {
        row.Null();
    }
}

void WriteExporter(pg::RowWriter& row, const core::Segment& segment) {
    core::ExporterStatus status;
    if (!HasKeeper(*segment.header) || !segment.exporter.Read(&status)) {
        row.Text("off");
        row.Null();
        return;
    }
    row.Text(status.state);
    row.Text(status.address[0] != '\0' ? status.address : nullptr);
}

void WriteReasons(pg::RowWriter& row, const core::LostPlanCounters& lost) {
    StringInfoData text;
    initStringInfo(&text);
    pg::Json json(&text);
    for (std::size_t at = 0; at < core::kLostPlanReasons; ++at) {
        if (const uint64 count = core::Get(lost[at]); count != 0) {
            json.Count(core::kLostPlanNames[at].data(), count);
        }
    }
    json.End();
    row.Value(JSONBOID, DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data)));
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_info, kStrict, RECORDOID) {
    core::StatementStore& store = store::RequireSharedStore();
    pg::RowWriter row(fcinfo);
    const core::SegmentHeader& header = *store.Parts().header;
    const core::TextPool& texts = store.Parts().texts;
    row.Text(core::kVersion);
    row.Bigint(core::Get(header.live));
    row.Bigint(header.sizes.statements);
    row.Bigint(core::Get(header.evictions));
    row.Bigint(core::Get(header.dropped));
    row.Bigint(store::SharedBytes());
    row.Text(KeeperState(store));
    row.Text(IsQueryIdEnabled() ? "computed"
                                : "off: compute_query_id is off, so statements is empty");
    row.Bigint((texts.Size() - texts.FreeBlocks()) * sizeof(core::TextBlock));
    row.Bigint(texts.Size() * sizeof(core::TextBlock));
    row.Bigint(core::Get(header.texts_cut));
    row.Bigint(core::Get(header.texts_exhausted));
    row.Bigint(core::Get(header.octaves_exhausted));
    row.Bigint(core::Get(header.tables_overflow));
    row.Bigint(core::Get(header.slow_dropped));
    row.Bigint(core::Get(header.repaired_slots));
    row.Bigint(core::Get(header.not_ready));
    row.Bigint(core::Get(header.stripes_exhausted));
    WriteOverhead(row, header);
    const core::TextPool& details = store.Parts().details;
    row.Bigint(core::Get(header.log_suppressed));
    row.Bigint((details.Size() - details.FreeBlocks()) * sizeof(core::TextBlock));
    row.Bigint(details.Size() * sizeof(core::TextBlock));
    row.Bigint(core::Get(header.details_exhausted));
    row.Bigint(core::Sum(header.plans_lost));
    row.Bigint(core::Get(header.parameters_lost));
    WriteExporter(row, store.Parts());
    row.Bigint(core::Get(header.pool_reports_dropped));
    row.Bigint(core::Get(header.databases_overflow));
    row.Bigint(core::Get(header.pools_put_aside));
    row.Bigint(core::Get(header.ended.dropped));
    row.Bigint(header.refusals.Sum());
    row.Bigint(core::Get(header.n_plus_one_dropped));
    row.Bigint(core::Get(header.applications_overflow));
    row.Bigint(core::Get(header.suggestions_exhausted));
    row.Bigint(core::Get(header.suggestions_given_up));
    WriteReasons(row, header.plans_lost);
    row.Bigint(core::Get(header.logins_denied));
    row.Bigint(core::Get(header.logins_refused));
    row.EndRow();
    return Datum{0};
}

ELILE_SQL_FUNCTION(elile_reset_all, kStrict, VOIDOID) {
    Reset(store::RequireSharedStore(), InvalidOid, InvalidOid, 0);
    PG_RETURN_VOID();
}

ELILE_SQL_FUNCTION(elile_reset, kStrict, VOIDOID, OIDOID, OIDOID, INT8OID) {
    Reset(store::RequireSharedStore(), PG_GETARG_OID(0), PG_GETARG_OID(1),
          static_cast<uint64>(PG_GETARG_INT64(2)));
    PG_RETURN_VOID();
}

ELILE_SQL_FUNCTION(elile_record_db_query, kStrict, VOIDOID, TEXTOID, TEXTOID, FLOAT8OID) {
    core::StatementStore& store = store::RequireSharedStore();
    if (!store::MayWrite(store)) {
        PG_RETURN_VOID();
    }
    const core::Operation operation = ReportedOperation(text_to_cstring(PG_GETARG_TEXT_PP(0)));
    const uint32 table = ReportedTable(store, text_to_cstring(PG_GETARG_TEXT_PP(1)));
    const uint64 duration_ns = ReportedDuration(PG_GETARG_FLOAT8(2));
    store.AddLeftover({table, operation}, {duration_ns, 0, false, pg::IsSlow(duration_ns)});
    PG_RETURN_VOID();
}
