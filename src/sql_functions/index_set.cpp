// elile_optimize.index_set and index_status.
#include "core/indexes/set.hpp"

#include "indexes/set_status.hpp"
#include "indexes/usage.hpp"
#include "pg/row_writer.hpp"
#include "pg/settings.hpp"
#include "sql_functions/common.hpp"

namespace elile::sql_functions {
namespace {

void AppendUse(StringInfo verdict, const indexes::IndexUsage& usage) {
    if (usage.idle_days >= indexes::kUnusedDays) {
        appendStringInfo(verdict, "not used for %s", indexes::InDays(usage.idle_days));
    } else if (usage.scans == 0) {
        appendStringInfoString(verdict, "not scanned yet");
    } else {
        appendStringInfo(verdict, INT64_FORMAT " scan%s", usage.scans, usage.scans == 1 ? "" : "s");
    }
}

// Returns null once the index has gone.
const char* QuotedNameOf(Oid index) {
    const char* name = get_rel_name(index);
    return name != nullptr ? quote_identifier(name) : nullptr;
}

void AppendCovering(StringInfo verdict, const indexes::SetIndexStatus& status) {
    const char* name = QuotedNameOf(status.covered_by);
    if (name != nullptr) {
        appendStringInfo(
            verdict, "%s %s%s",
            status.state == indexes::IndexState::kPresent ? "; also served by" : "served by", name,
            status.covers_backwards ? " read backwards" : "");
    }
}

void AppendState(StringInfo verdict, const indexes::SetIndexStatus& status) {
    switch (status.state) {
        case indexes::IndexState::kMissing:
            appendStringInfoString(verdict, "build_indexes() builds it");
            break;
        case indexes::IndexState::kBuilding:
            appendStringInfoString(verdict, "a session is building it");
            break;
        case indexes::IndexState::kInvalid:
            appendStringInfoString(verdict,
                                   "not valid, and no session is building it: drop it, then build "
                                   "it again");
            break;
        case indexes::IndexState::kTableMissing:
            appendStringInfo(verdict, "schema %s has no table %s",
                             quote_identifier(pg::Settings::index_schema), status.index->table);
            break;
        default:
            break;
    }
}

const char* Verdict(const indexes::SetIndexStatus& status, const indexes::IndexUsage& usage) {
    StringInfoData verdict;
    initStringInfo(&verdict);
    if (status.state == indexes::IndexState::kPresent) {
        AppendUse(&verdict, usage);
        const char* name = get_rel_name(status.index_oid);
        if (name != nullptr && strcmp(name, status.index->name) != 0) {
            appendStringInfo(&verdict, "; its name is %s", quote_identifier(name));
        }
    }
    AppendCovering(&verdict, status);
    if (status.obstacle != nullptr) {
        appendStringInfo(&verdict, "%s%s", verdict.len > 0 ? "; " : "", status.obstacle);
    } else {
        AppendState(&verdict, status);
    }
    return verdict.data;
}

void WriteStatus(pg::RowWriter& row, const indexes::SetIndexStatus& status) {
    const bool has_index = OidIsValid(status.index_oid);
    const indexes::IndexUsage usage =
        has_index ? indexes::UsageOf(status.index_oid) : indexes::IndexUsage{-1, 0, 0};
    row.Text(status.index->name);
    row.Text(pg::Settings::index_schema);
    row.Text(status.index->table);
    row.Text(indexes::StateName(status.state));
    row.ObjectIdOrNull(status.index_oid);
    row.BigintOrNull(usage.bytes >= 0, static_cast<uint64>(usage.bytes));
    row.BigintOrNull(has_index, static_cast<uint64>(usage.scans));
    row.Text(OidIsValid(status.covered_by) ? get_rel_name(status.covered_by) : nullptr);
    row.Text(Verdict(status, usage));
    row.EndRow();
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_index_set, kStrict, RECORDOID) {
    pg::RowWriter row(fcinfo);
    for (const core::SetIndex& index : core::kIndexSet) {
        row.Text(index.name);
        row.Text(pg::Settings::index_schema);
        row.Text(index.table);
        row.Text(indexes::CreateIndexSql(index, index.name, pg::Settings::index_schema, index.table,
                                         false));
        row.Text(index.serves);
        row.EndRow();
    }
    return Datum{0};
}

ELILE_SQL_FUNCTION(elile_index_status, kStrict, RECORDOID) {
    pg::RowWriter row(fcinfo);
    const indexes::SetIndexStatus* all = indexes::StatusOfSet(pg::Settings::index_schema);
    row.ForEach(core::kSetIndexes, [&](uint64 at) { WriteStatus(row, all[at]); });
    return Datum{0};
}
