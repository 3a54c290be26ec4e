// elile_optimize.statements.
#include <cmath>

#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/table.hpp"
#include "pg/compat.hpp"
#include "pg/encoding.hpp"
#include "pg/plan_compat.hpp"
#include "pg/row_writer.hpp"
#include "sql_functions/common.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

struct PlanSnapshot {
    uint64 plans;
    uint64 total_ns;
    double sum_of_squares;
    uint64 min_ns;
    uint64 max_ns;
};

// So many tables of one statement are looked at for whether they have the same name.
constexpr uint32 kTablesCompared = 8;

// The sum of a statement's entries, made while the store stands still and written out afterwards.
// It is too large for the stack.
struct Copy {
    core::StatementKey key;
    core::Operation operation;
    uint32 tables;  // how many it works on, each an entry
    uint32 table[kTablesCompared];
    core::TallySnapshot tally;
    std::array<uint64, core::kResources> resources;
    std::array<uint64, core::kPlanOrigins> calls_by_origin;
    PlanSnapshot plans;
    int64 created_at;
    uint32 plans_seen;
    int64 plan_changed_at;
    bool plan_regressed;
    bool is_estimated;
    core::StatementOrigin origin;
    bool wants_text;
    uint32 text_length;
    uint32 text_encoding;
    bool has_text;
    char text[core::kMaxTextBytes];
};

// Sessions count a call before its plan's origin. So origins are read first, and never exceed the
// calls.
void AddCounters(const core::Segment& segment, const core::Entry& entry, Copy* copy) {
    segment.statements.ForEachCounters(entry, [copy](const core::Counters& counters) {
        for (int origin = 0; origin < core::kPlanOrigins; ++origin) {
            copy->calls_by_origin[origin] +=
                counters.plans.calls_by_origin[origin].load(std::memory_order_acquire);
        }
        for (int resource = 0; resource < core::kResources; ++resource) {
            copy->resources[resource] += core::Get(counters.resources[resource]);
        }
    });
    segment.statements.AddTalliesOf(entry, copy->tally);
    const core::PlanTally& plans = entry.counters.plans;
    copy->plans.plans += core::Get(plans.plans);
    copy->plans.total_ns += core::Get(plans.total_ns);
    copy->plans.sum_of_squares += plans.sum_of_squares.load(std::memory_order_relaxed);
    copy->plans.min_ns = Min(copy->plans.min_ns, ~core::Get(plans.inverted_min_ns));
    copy->plans.max_ns = Max(copy->plans.max_ns, core::Get(plans.max_ns));
}

void AddEntry(const core::Segment& segment, const core::Entry& entry, Copy* copy) {
    if (copy->tables < kTablesCompared) {
        copy->table[copy->tables] = core::TargetOf(entry).table;
    }
    ++copy->tables;
    AddCounters(segment, entry, copy);
    copy->created_at = Min(copy->created_at, static_cast<int64>(core::Get(entry.created_at_us)));
    copy->plans_seen += core::Get(entry.history.seen);
    copy->plan_changed_at =
        Max(copy->plan_changed_at, static_cast<int64>(core::Get(entry.history.changed_at_us)));
    copy->plan_regressed |= core::Get(entry.history.regressed) != 0;
    copy->origin = Min(copy->origin, core::StatementOriginOf(entry));
    copy->is_estimated |= (core::Get(entry.flags) & core::kEstimated) != 0;
    const uint32 text = core::Get(entry.text);
    if (copy->wants_text && !copy->has_text && text != 0) {
        copy->has_text = true;
        copy->text_length =
            segment.texts.Read(text, copy->text, core::kMaxTextBytes, &copy->text_encoding);
    }
}

void Empty(Copy* copy) {
    copy->tables = 0;
    copy->tally = core::TallySnapshot();
    copy->resources.fill(0);
    copy->calls_by_origin.fill(0);
    copy->plans = {0, 0, 0, UINT64_MAX, 0};
    copy->created_at = INT64_MAX;
    copy->plans_seen = 0;
    copy->plan_changed_at = 0;
    copy->plan_regressed = false;
    copy->is_estimated = false;
    copy->origin = core::StatementOrigin::kCatalogue;
    copy->has_text = false;
}

// A statement has an entry for each table that its identifier has stood for, and one row, in the
// place of the first. Returns false when the slot holds no statement, not the first entry, or one
// that has neither run nor been planned yet.
bool CopyStatement(core::Segment& segment, uint32 slot, Copy* copy) {
    const core::Entry& entry = segment.statements.entries[slot];
    const uint32 tag = entry.tag.load(std::memory_order_acquire);
    if (core::StateOf(tag) != core::EntryState::kLive) {
        return false;
    }
    copy->key = core::KeyOf(entry);
    if (copy->key.unidentified) {
        return false;
    }
    Empty(copy);
    bool is_first = true;
    segment.statements.ForEachOfQuery(copy->key.queryid, [&](const core::Entry& other) {
        core::StatementKey key = core::KeyOf(other);
        key.table = copy->key.table;
        is_first = is_first && (key != copy->key || &other >= &entry);
        if (is_first && key == copy->key) {
            AddEntry(segment, other, copy);
        }
    });
    copy->operation = core::TargetOf(entry).operation;
    return is_first && (copy->tally.Executions() != 0 || copy->plans.plans != 0);
}

bool IsTime(int resource) {
    switch (resource) {
        case core::kSharedBlkReadTime:
        case core::kSharedBlkWriteTime:
        case core::kLocalBlkReadTime:
        case core::kLocalBlkWriteTime:
        case core::kTempBlkReadTime:
        case core::kTempBlkWriteTime:
        case core::kJitGenerationTime:
        case core::kJitInliningTime:
        case core::kJitOptimizationTime:
        case core::kJitEmissionTime:
        case core::kJitDeformTime:
            return true;
        default:
            return false;
    }
}

// Keeps the tables' labels, so that each is looked up once for all rows.
class Labels {
public:
    explicit Labels(core::Segment& segment)
        : segment_(segment),
          context_(CurrentMemoryContext),
          labels_(static_cast<Label*>(palloc0(segment.tables.Size() * sizeof(Label)))) {}

    // Returns null for no table, and for several.
    const char* Of(const Copy& copy) {
        const char* label = Of(copy.table[0]);
        for (uint32 at = 1; at < copy.tables; ++at) {
            if (at == kTablesCompared || strcmp(label, Of(copy.table[at])) != 0) {
                return nullptr;
            }
        }
        return label[0] != '\0' ? label : nullptr;
    }

private:
    struct Label {
        const char* text;
        uint32 table;
    };

    const char* Of(uint32 table) {
        Label& known = labels_[core::TableDirectory::IndexOf(table)];
        if (known.text == nullptr || known.table != table) {
            MemoryContext caller = MemoryContextSwitchTo(context_);
            const char* label = LabelOf(NameOf(segment_, table));
            known = {label != nullptr ? label : "", table};
            MemoryContextSwitchTo(caller);
        }
        return known.text;
    }

    core::Segment& segment_;
    MemoryContext context_;
    Label* labels_;  // by index in the directory
};

void WriteIdentity(pg::RowWriter& row, Labels& labels, const Copy& copy) {
    const bool visible = MaySee(copy.key.userid);
    row.ObjectId(copy.key.userid);
    row.ObjectId(copy.key.dbid);
    row.BigintOrNull(visible, copy.key.queryid);
    row.Boolean(copy.key.toplevel);
    if (!copy.wants_text) {
        row.Null();
    } else if (!visible) {
        row.Text("<insufficient privilege>");
    } else if (copy.has_text) {
        row.Text(pg::ToDatabaseEncoding(copy.text, copy.text_length, copy.text_encoding));
    } else {
        row.Null();
    }
    row.Text(OperationName(copy.operation));
    row.Text(labels.Of(copy));
}

void WriteExecution(pg::RowWriter& row, const core::TallySnapshot& tally) {
    const bool ran = tally.Executions() > 0;
    row.Bigint(tally.calls);
    row.Bigint(tally.failed_calls);
    row.Bigint(tally.slow_calls);
    row.Bigint(tally.rows);
    row.Milliseconds(static_cast<double>(tally.total_ns));
    row.Milliseconds(ran ? static_cast<double>(tally.min_ns) : 0);
    row.Milliseconds(static_cast<double>(tally.max_ns));
    row.Milliseconds(tally.MeanNs());
    row.Milliseconds(tally.StddevNs());
    row.Milliseconds(tally.QuantileNs(0.50));
    row.Milliseconds(tally.QuantileNs(0.95));
    row.Milliseconds(tally.QuantileNs(0.99));
}

void WritePlanning(pg::RowWriter& row, const PlanSnapshot& plans) {
    const auto count = static_cast<double>(plans.plans);
    const auto total = static_cast<double>(plans.total_ns);
    const double mean = plans.plans > 0 ? total / count : 0;
    const double variance = plans.plans > 1 ? plans.sum_of_squares / count - mean * mean : 0;
    row.Bigint(plans.plans);
    row.Milliseconds(total);
    row.Milliseconds(plans.plans > 0 ? static_cast<double>(plans.min_ns) : 0);
    row.Milliseconds(static_cast<double>(plans.max_ns));
    row.Milliseconds(mean);
    row.Milliseconds(variance > 0 ? std::sqrt(variance) : 0);
}

void WriteResources(pg::RowWriter& row, const std::array<uint64, core::kResources>& resources) {
    for (int resource = 0; resource < core::kResources; ++resource) {
        if (!pg::HasResource(resource)) {
            row.Null();
        } else if (IsTime(resource)) {
            row.Milliseconds(static_cast<double>(resources[resource]));
        } else if (resource == core::kWalBytes) {
            row.Value(NUMERICOID,
                      DirectFunctionCall1(int8_numeric,
                                          Int64GetDatum(static_cast<int64>(resources[resource]))));
        } else {
            row.Bigint(resources[resource]);
        }
    }
}

void WriteOrigins(pg::RowWriter& row, const std::array<uint64, core::kPlanOrigins>& calls) {
    for (const uint64 of_origin : calls) {
        row.BigintOrNull(pg::kKnowsPlanOrigin, of_origin);
    }
}

void WriteStatement(pg::RowWriter& row, Labels& labels, const Copy& copy) {
    WriteIdentity(row, labels, copy);
    WriteExecution(row, copy.tally);
    WritePlanning(row, copy.plans);
    WriteResources(row, copy.resources);
    row.Time(copy.created_at);
    row.Integer(static_cast<int32>(copy.plans_seen));
    row.TimeOrNull(copy.plan_changed_at != 0, copy.plan_changed_at);
    row.Boolean(copy.plan_regressed);
    row.Boolean(copy.is_estimated);
    WriteOrigins(row, copy.calls_by_origin);
    row.Text(core::kStatementOriginNames[static_cast<size_t>(copy.origin)].data());
    row.EndRow();
}

void WarnWithoutIdentifiers() {
    if (!IsQueryIdEnabled()) {
        ereport(WARNING, (errmsg("statements are not told apart because compute_query_id is off"),
                          errdetail("Executions are counted in summary and table_operations only."),
                          errhint("Set compute_query_id to auto or on.")));
    }
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_statements, kStrict, RECORDOID, BOOLOID) {
    core::Segment& segment = store::RequireSegment();
    WarnWithoutIdentifiers();
    pg::RowWriter row(fcinfo);
    auto* copy = static_cast<Copy*>(palloc(sizeof(Copy)));
    copy->wants_text = PG_GETARG_BOOL(0);
    Labels labels(segment);
    row.ForEach(segment.statements.entries.size(), [&](uint64 slot) {
        EnterStore(segment);
        const bool found = CopyStatement(segment, static_cast<uint32>(slot), copy);
        LeaveStore(segment);
        if (found) {
            WriteStatement(row, labels, *copy);
        }
    });
    return Datum{0};
}
