// elile_optimize.table_operations and summary. They sum over statements' entries, and over what
// evicted entries left. What ran at top level and what was nested are never in one sum.
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/statements/table.hpp"
#include "pg/encoding.hpp"
#include "pg/row_writer.hpp"
#include "pg/settings.hpp"
#include "sql_functions/common.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

// The sums by (table, operation, level). `of[place]` is null where nothing was counted. A pair that
// first counts after this memory was taken is left for the next reader.
struct Sums {
    core::TallySnapshot** of;
    uint32 places;
};

Sums MakeRoom(core::Segment& segment) {
    const auto places = static_cast<uint32>(segment.statements.leftovers.size());
    auto** of = static_cast<core::TallySnapshot**>(palloc0(sizeof(core::TallySnapshot*) * places));
    auto* used = static_cast<bool*>(palloc0(places));
    EnterStore(segment);
    for (const core::Entry& entry : segment.statements.entries) {
        if (core::IsCounted(entry)) {
            used[segment.statements.PlaceFor(entry)] = true;
        }
    }
    for (uint32 place = 0; place < places; ++place) {
        used[place] = used[place] || HasCounted(segment.statements.leftovers[place]);
    }
    LeaveStore(segment);
    for (uint32 place = 0; place < places; ++place) {
        if (used[place]) {
            of[place] = static_cast<core::TallySnapshot*>(palloc(sizeof(core::TallySnapshot)));
            *of[place] = core::TallySnapshot();
        }
    }
    return {of, places};
}

Sums SumByTableAndOperation(core::Segment& segment) {
    const Sums sums = MakeRoom(segment);
    EnterStore(segment);
    for (const core::Entry& entry : segment.statements.entries) {
        if (core::IsCounted(entry)) {
            core::TallySnapshot* sum = sums.of[segment.statements.PlaceFor(entry)];
            if (sum != nullptr) {
                segment.statements.AddTalliesOf(entry, *sum);
            }
        }
    }
    for (uint32 place = 0; place < sums.places; ++place) {
        if (sums.of[place] != nullptr) {
            sums.of[place]->AddTally(segment.statements.leftovers[place],
                                     segment.statements.octaves);
        }
    }
    LeaveStore(segment);
    return sums;
}

struct TableRow {
    Oid dbid;
    TableName name;
    core::Operation operation;
    bool toplevel;
    core::TallySnapshot* sum;
};

int CompareRows(const void* left, const void* right) {
    const auto& a = *static_cast<const TableRow*>(left);
    const auto& b = *static_cast<const TableRow*>(right);
    if (a.dbid != b.dbid) {
        return a.dbid < b.dbid ? -1 : 1;
    }
    const int schema = strcmp(a.name.schema, b.name.schema);
    const int table = schema != 0 ? schema : strcmp(a.name.table, b.name.table);
    const int operation = static_cast<int>(a.operation) - static_cast<int>(b.operation);
    const int named = table != 0 ? table : operation;
    return named != 0 ? named : static_cast<int>(b.toplevel) - static_cast<int>(a.toplevel);
}

// Fills the rows, sorted, and returns how many there are. Tables of one name, as are made after a
// drop or temporary ones, are put together.
int CollectRows(core::Segment& segment, const Sums& sums, TableRow* rows) {
    int count = 0;
    for (uint32 place = 0; place < sums.places; ++place) {
        if (sums.of[place] != nullptr && sums.of[place]->Executions() > 0) {
            const core::Target target = core::TargetAt(place);
            rows[count++] = {segment.tables.KeyOf(target.table).dbid,
                             NameOf(segment, segment.tables.At(target.table)), target.operation,
                             target.toplevel, sums.of[place]};
        }
    }
    qsort(rows, static_cast<size_t>(count), sizeof(TableRow), CompareRows);
    int kept = 0;
    for (int at = 0; at < count; ++at) {
        if (kept > 0 && CompareRows(&rows[kept - 1], &rows[at]) == 0) {
            rows[kept - 1].sum->AddSnapshot(*rows[at].sum);
        } else {
            rows[kept++] = rows[at];
        }
    }
    return kept;
}

void WriteTableRow(pg::RowWriter& row, const TableRow& table) {
    const core::TallySnapshot& sum = *table.sum;
    const bool has_table = table.name.table[0] != '\0';
    row.Text(OidIsValid(table.dbid) ? get_database_name(table.dbid) : nullptr);
    row.Text(has_table ? table.name.schema : nullptr);
    row.Text(has_table ? table.name.table : nullptr);
    row.Text(OperationName(table.operation));
    row.Bigint(sum.calls);
    row.Bigint(sum.failed_calls);
    row.Bigint(sum.slow_calls);
    row.Bigint(sum.rows);
    row.Milliseconds(static_cast<double>(sum.total_ns));
    row.Milliseconds(sum.MeanNs());
    row.Milliseconds(static_cast<double>(sum.max_ns));
    row.Milliseconds(sum.QuantileNs(0.50));
    row.Milliseconds(sum.QuantileNs(0.95));
    row.Milliseconds(sum.QuantileNs(0.99));
    row.Boolean(table.toplevel);
    row.EndRow();
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_table_operations, kStrict, RECORDOID) {
    core::Segment& segment = store::RequireSegment();
    pg::RowWriter row(fcinfo);
    const Sums sums = SumByTableAndOperation(segment);
    auto* rows = static_cast<TableRow*>(palloc(sizeof(TableRow) * sums.places));
    const int count = CollectRows(segment, sums, rows);
    row.ForEach(static_cast<uint64>(count), [&](uint64 at) { WriteTableRow(row, rows[at]); });
    return Datum{0};
}

ELILE_SQL_FUNCTION(elile_summary, kStrict, RECORDOID) {
    core::Segment& segment = store::RequireSegment();
    pg::RowWriter row(fcinfo);
    auto* sum = static_cast<core::TallySnapshot*>(palloc(sizeof(core::TallySnapshot)));
    *sum = core::TallySnapshot();
    EnterStore(segment);
    for (const core::Entry& entry : segment.statements.entries) {
        const core::StatementKey key = core::KeyOf(entry);
        if (core::IsCounted(entry) && key.toplevel && key.dbid == MyDatabaseId) {
            segment.statements.AddTalliesOf(entry, *sum);
        }
    }
    for (uint32 place = 0; place < segment.statements.leftovers.size(); ++place) {
        const core::Target target = core::TargetAt(place);
        if (target.toplevel && segment.tables.KeyOf(target.table).dbid == MyDatabaseId) {
            sum->AddTally(segment.statements.leftovers[place], segment.statements.octaves);
        }
    }
    LeaveStore(segment);
    const uint64 total = sum->Executions();
    row.Bigint(total);
    row.Bigint(sum->slow_calls);
    row.Double(total > 0 ? static_cast<double>(sum->slow_calls) / static_cast<double>(total) : 0);
    row.Bigint(sum->failed_calls);
    row.Milliseconds(sum->MeanNs());
    row.Milliseconds(static_cast<double>(sum->max_ns));
    row.Milliseconds(sum->QuantileNs(0.50));
    row.Milliseconds(sum->QuantileNs(0.95));
    row.Milliseconds(sum->QuantileNs(0.99));
    row.Double(pg::ThresholdMs());
    row.Time(static_cast<int64>(core::Get(segment.header->stats_since_us)));
    row.EndRow();
    return Datum{0};
}
