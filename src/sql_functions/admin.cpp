// elile_optimize.info, reset() and record_db_query().
#include <iterator>

#include "core/limits.hpp"
#include "core/saved/state.hpp"
#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"
#include "core/snapshot/parts.hpp"
#include "core/statements/overhead.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/store.hpp"
#include "core/statements/table.hpp"
#include "core/statements/utility_ids.hpp"
#include "core/version.hpp"
#include "pg/clock.hpp"
#include "pg/json.hpp"
#include "pg/reported_error.hpp"
#include "pg/row_writer.hpp"
#include "pg/settings.hpp"
#include "sql_functions/common.hpp"
#include "sql_functions/reported.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

void Reset(Oid userid, Oid dbid, uint64 queryid) {
    core::Segment& segment = store::RequireSegment();
    const uint64 shown = segment.utility_ids.ShownFor(queryid);
    int pauses = 0;
    while (!segment.TryReset({userid, dbid, shown}, static_cast<uint64>(GetCurrentTimestamp()))) {
        store::PauseBeforeGate(segment, &pauses);
    }
}

// Whether a keeper is at work. It gives a sign of life each second, but a machine under load may
// hold it up.
bool HasKeeper(const core::SegmentHeader& header) {
    constexpr uint64 kPatienceNs = 10000000000;
    const uint64 seen_ns = core::Get(header.keeper_seen_ns);
    const uint64 now_ns = pg::MonotonicNs();
    return now_ns < seen_ns || now_ns - seen_ns < kPatienceNs;
}

const char* KeeperState(const core::SegmentHeader& header) {
    const bool has_keeper = HasKeeper(header);
    if (header.IsReady()) {
        return has_keeper ? "ready" : "counting, but no keeper is at work: see the server log";
    }
    return has_keeper ? "waiting for repair after a crash: nothing is counted"
                      : "not repaired after a crash, for no keeper is at work: nothing is counted";
}

// Writes the extension's own time per execution, in ns; null while nothing was measured.
void WriteOverhead(pg::RowWriter& row, const core::Segment& segment) {
    const core::Overhead::Shared& overhead = *segment.overhead.shared;
    const auto measured = static_cast<double>(core::Get(overhead.measured_executions));
    measured > 0 ? row.Double(static_cast<double>(core::Get(overhead.measured_own_ns)) / measured)
                 : row.Null();
}

void WriteOverheadShare(pg::RowWriter& row, const core::Segment& segment) {
    const core::Overhead::Shared& overhead = *segment.overhead.shared;
    const auto measured = static_cast<double>(core::Get(overhead.measured_executions));
    const auto covered = static_cast<double>(core::Get(overhead.covered_executions));
    const auto elapsed_ns = static_cast<double>(core::Get(overhead.covered_elapsed_ns));
    const auto own_ns = static_cast<double>(core::Get(overhead.measured_own_ns));
    measured > 0 && elapsed_ns > 0 ? row.Double(own_ns / measured * covered / elapsed_ns)
                                   : row.Null();
}

// Returns false when the exporter is off, or no keeper is at work to tell of it.
bool ReadExporter(const core::Segment& segment, core::ExporterStatus* status) {
    return HasKeeper(*segment.header) && segment.exporter.Read(status);
}

uint64 BytesUsed(const core::TextPool& pool) {
    return uint64{pool.Size() - pool.FreeBlocks()} * sizeof(core::TextBlock);
}

uint64 BytesOf(const core::TextPool& pool) { return uint64{pool.Size()} * sizeof(core::TextBlock); }

void WriteReasons(pg::RowWriter& row, const core::Segment& segment) {
    const core::LostPlanCounters& lost = segment.slow_log.shared->plans_lost;
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

struct Column {
    const char* name;
    void (*write)(pg::RowWriter& row, const core::Segment& segment);
};

// The columns of info that tell of no limit.
constexpr Column kColumns[] = {
    {"version", [](pg::RowWriter& row, const core::Segment&) { row.Text(core::kVersion); }},
    {"entries",
     [](pg::RowWriter& row, const core::Segment& segment) {
         row.Bigint(core::Get(segment.statements.shared->live));
     }},
    {"max_entries",
     [](pg::RowWriter& row, const core::Segment& segment) { row.Bigint(segment.statements.most); }},
    {"shared_memory_bytes",
     [](pg::RowWriter& row, const core::Segment&) { row.Bigint(store::SharedBytes()); }},
    {"state", [](pg::RowWriter& row,
                 const core::Segment& segment) { row.Text(KeeperState(*segment.header)); }},
    {"query_ids",
     [](pg::RowWriter& row, const core::Segment&) {
         row.Text(IsQueryIdEnabled() ? "computed"
                                     : "off: compute_query_id is off, so statements is empty");
     }},
    {"failures_seen",
     [](pg::RowWriter& row, const core::Segment&) {
         row.Text(pg::LogHidesErrors()
                      ? "execute and utility only: log_min_messages hides errors from the log"
                      : "all");
     }},
    {"text_bytes", [](pg::RowWriter& row,
                      const core::Segment& segment) { row.Bigint(BytesUsed(segment.texts)); }},
    {"max_text_bytes",
     [](pg::RowWriter& row, const core::Segment& segment) { row.Bigint(BytesOf(segment.texts)); }},
    {"overhead_per_statement_ns", WriteOverhead},
    {"overhead_share", WriteOverheadShare},
    {"plan_bytes", [](pg::RowWriter& row,
                      const core::Segment& segment) { row.Bigint(BytesUsed(segment.details)); }},
    {"max_plan_bytes", [](pg::RowWriter& row,
                          const core::Segment& segment) { row.Bigint(BytesOf(segment.details)); }},
    {"exporter_state",
     [](pg::RowWriter& row, const core::Segment& segment) {
         core::ExporterStatus status;
         row.Text(ReadExporter(segment, &status) ? status.state : "off");
     }},
    {"exporter_address",
     [](pg::RowWriter& row, const core::Segment& segment) {
         core::ExporterStatus status;
         const bool listens = ReadExporter(segment, &status) && status.address[0] != '\0';
         row.Text(listens ? status.address : nullptr);
     }},
    {"plans_lost_by_reason", WriteReasons},
    {"last_saved_at",
     [](pg::RowWriter& row, const core::Segment& segment) {
         const uint64 saved_at_us = core::Get(segment.save_state.shared->saved_at_us);
         saved_at_us != 0 ? row.Time(static_cast<int64>(saved_at_us)) : row.Null();
     }},
    {"saved_bytes",
     [](pg::RowWriter& row, const core::Segment& segment) {
         row.Bigint(core::Get(segment.save_state.shared->saved_bytes));
     }},
    {"restored_from",
     [](pg::RowWriter& row, const core::Segment& segment) {
         const auto from = static_cast<std::size_t>(segment.save_state.From());
         row.Text(core::kRestoredFromNames[from].data());
     }},
};

const Column* FindColumn(const char* name) {
    for (const Column& column : kColumns) {
        if (strcmp(column.name, name) == 0) {
            return &column;
        }
    }
    return nullptr;
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_info, kStrict, RECORDOID) {
    const core::Segment& segment = store::RequireSegment();
    pg::RowWriter row(fcinfo);
    row.RequireColumns(static_cast<int>(core::Limits().size() + std::size(kColumns)));
    while (const char* name = row.NextName()) {
        if (const core::Limit* limit = core::FindLimit(name); limit != nullptr) {
            row.Bigint(core::CountOf(segment, *limit));
        } else if (const Column* column = FindColumn(name); column != nullptr) {
            column->write(row, segment);
        } else {
            row.RefuseName();
        }
    }
    row.EndRow();
    return Datum{0};
}

ELILE_SQL_FUNCTION(elile_reset_all, kStrict, VOIDOID) {
    Reset(InvalidOid, InvalidOid, 0);
    PG_RETURN_VOID();
}

ELILE_SQL_FUNCTION(elile_reset, kStrict, VOIDOID, OIDOID, OIDOID, INT8OID) {
    Reset(PG_GETARG_OID(0), PG_GETARG_OID(1), static_cast<uint64>(PG_GETARG_INT64(2)));
    PG_RETURN_VOID();
}

ELILE_SQL_FUNCTION(elile_record_db_query, kStrict, VOIDOID, TEXTOID, TEXTOID, FLOAT8OID) {
    core::Segment& segment = store::RequireSegment();
    if (!store::MayWrite(segment)) {
        PG_RETURN_VOID();
    }
    const core::Operation operation = ReportedOperation(text_to_cstring(PG_GETARG_TEXT_PP(0)));
    const uint32 table = ReportedTable(text_to_cstring(PG_GETARG_TEXT_PP(1)));
    const uint64 duration_ns = ReportedDuration(PG_GETARG_FLOAT8(2));
    store::RequireSharedStore().AddLeftover(
        {table, operation}, {duration_ns, 0, false, pg::IsSlow(duration_ns)}, MyDatabaseId);
    PG_RETURN_VOID();
}
