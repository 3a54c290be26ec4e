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

// A copy of one entry, made while the store stands still and written out afterwards. It is too
// large for the stack.
struct Copy {
    core::StatementKey key;
    core::Target target;
    core::TallySnapshot tally;
    std::array<uint64, core::kResources> resources;
    std::array<uint64, core::kPlanOrigins> calls_by_origin;
    PlanSnapshot plans;
    int64 created_at;
    uint32 plans_seen;
    int64 plan_changed_at;
    bool plan_regressed;
    bool is_estimated;
    uint32 text_length;
    uint32 text_encoding;
    bool has_text;
    char text[core::kMaxTextBytes];
};

// Sessions count a call before its plan's origin. So origins are read first, and never exceed the
// calls.
void CopyCounters(const core::Segment& segment, const core::Entry& entry, Copy* copy) {
    copy->resources.fill(0);
    copy->calls_by_origin.fill(0);
    segment.statements.ForEachCounters(entry, [copy](const core::Counters& counters) {
        for (int origin = 0; origin < core::kPlanOrigins; ++origin) {
            copy->calls_by_origin[origin] +=
                counters.plans.calls_by_origin[origin].load(std::memory_order_acquire);
        }
        for (int resource = 0; resource < core::kResources; ++resource) {
            copy->resources[resource] += core::Get(counters.resources[resource]);
        }
    });
    copy->tally = core::TallySnapshot();
    segment.statements.AddTalliesOf(entry, copy->tally);
    const core::PlanTally& plans = entry.counters.plans;
    copy->plans = {core::Get(plans.plans), core::Get(plans.total_ns),
                   plans.sum_of_squares.load(std::memory_order_relaxed),
                   ~core::Get(plans.inverted_min_ns), core::Get(plans.max_ns)};
}

// Returns false when the slot holds no statement, or one that has neither run nor been planned yet.
bool CopyEntry(core::Segment& segment, uint32 slot, Copy* copy) {
    const core::Entry& entry = segment.statements.entries[slot];
    const uint32 tag = entry.tag.load(std::memory_order_acquire);
    if (core::StateOf(tag) != core::EntryState::kLive) {
        return false;
    }
    copy->key = core::KeyOf(entry);
    copy->target = core::TargetOf(entry);
    CopyCounters(segment, entry, copy);
    if (copy->key.unidentified || (copy->tally.Executions() == 0 && copy->plans.plans == 0)) {
        return false;
    }
    copy->created_at = static_cast<int64>(core::Get(entry.created_at_us));
    copy->plans_seen = core::Get(entry.history.seen);
    copy->plan_changed_at = static_cast<int64>(core::Get(entry.history.changed_at_us));
    copy->plan_regressed = core::Get(entry.history.regressed) != 0;
    copy->is_estimated = (core::Get(entry.flags) & core::kEstimated) != 0;
    const uint32 text = core::Get(entry.text);
    copy->has_text = text != 0;
    copy->text_length =
        segment.texts.Read(text, copy->text, core::kMaxTextBytes, &copy->text_encoding);
    return true;
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
          labels_(static_cast<const char**>(palloc0(segment.tables.Size() * sizeof(const char*)))) {
    }

    // Returns null for no table.
    const char* Of(uint32 table) {
        if (labels_[table] == nullptr) {
            MemoryContext caller = MemoryContextSwitchTo(context_);
            const char* label = LabelOf(NameOf(segment_, table));
            labels_[table] = label != nullptr ? label : "";
            MemoryContextSwitchTo(caller);
        }
        return labels_[table][0] != '\0' ? labels_[table] : nullptr;
    }

private:
    core::Segment& segment_;
    MemoryContext context_;
    const char** labels_;
};

void WriteIdentity(pg::RowWriter& row, Labels& labels, const Copy& copy) {
    const bool visible = MaySee(copy.key.userid);
    row.ObjectId(copy.key.userid);
    row.ObjectId(copy.key.dbid);
    row.BigintOrNull(visible, copy.key.queryid);
    row.Boolean(copy.key.toplevel);
    if (!visible) {
        row.Text("<insufficient privilege>");
    } else if (copy.has_text) {
        row.Text(pg::ToDatabaseEncoding(copy.text, copy.text_length, copy.text_encoding));
    } else {
        row.Null();
    }
    row.Text(OperationName(copy.target.operation));
    row.Text(labels.Of(copy.target.table));
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

ELILE_SQL_FUNCTION(elile_statements, kStrict, RECORDOID) {
    core::Segment& segment = store::RequireSegment();
    WarnWithoutIdentifiers();
    pg::RowWriter row(fcinfo);
    auto* copy = static_cast<Copy*>(palloc(sizeof(Copy)));
    Labels labels(segment);
    row.ForEach(segment.statements.entries.size(), [&](uint64 slot) {
        EnterStore(segment);
        const bool found = CopyEntry(segment, static_cast<uint32>(slot), copy);
        LeaveStore(segment);
        if (found) {
            WriteStatement(row, labels, *copy);
        }
    });
    return Datum{0};
}
