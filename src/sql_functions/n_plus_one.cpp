// elile_optimize.n_plus_one: the patterns that sessions found.
#include "core/n_plus_one/table.hpp"
#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"
#include "pg/encoding.hpp"
#include "pg/row_writer.hpp"
#include "sql_functions/common.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

struct Texts {
    const char* parent;
    const char* child;
    const char* suggestion;
};

const char* ApplicationName(const core::TableDirectory& applications, uint32 index) {
    core::TableNames names;
    uint32 encoding = 0;
    if (index == core::kOtherTables || !applications.Read(index, &names, &encoding)) {
        return "(other)";
    }
    return pg::ToDatabaseEncoding(names.table, strnlen(names.table, NAMEDATALEN), encoding);
}

const char* EvidenceName(core::Evidence evidence) {
    return evidence == core::Evidence::kPlanned ? "planned" : "not verified";
}

void WritePattern(pg::RowWriter& row, core::Segment& segment, const core::NPlusOneCopy& pattern,
                  const Texts& texts) {
    constexpr char kHidden[] = "<insufficient privilege>";
    const core::NPlusOneKey& key = pattern.key;
    const bool visible = MaySee(key.user);
    const bool is_planned = pattern.evidence == core::Evidence::kPlanned;
    const auto runs_each =
        static_cast<double>(pattern.runs) / static_cast<double>(pattern.occurrences);
    row.Text(get_database_name(key.database));
    row.Text(GetUserNameFromId(key.user, true));
    row.Text(visible ? ApplicationName(segment.n_plus_one.Applications(), key.application)
                     : nullptr);
    row.BigintOrNull(visible, key.parent);
    row.BigintOrNull(visible, key.child);
    row.Text(visible ? texts.parent : kHidden);
    row.Text(visible ? texts.child : kHidden);
    row.Text(LabelOf(NameOf(segment, pattern.table)));
    row.Bigint(pattern.occurrences);
    row.Double(runs_each);
    row.Milliseconds(static_cast<double>(pattern.total_ns));
    row.Bigint(core::RoundTripsSaved(pattern));
    row.Text(visible ? texts.suggestion : nullptr);
    row.Time(static_cast<int64>(pattern.last_seen_us));
    row.Bigint(
        Max(pattern.most_runs, (pattern.runs + pattern.occurrences - 1) / pattern.occurrences));
    row.Text(visible ? EvidenceName(pattern.evidence) : nullptr);
    row.DoubleOrNull(is_planned, pattern.cost_before);
    row.DoubleOrNull(is_planned, pattern.cost_after);
    row.Time(static_cast<int64>(pattern.first_seen_us));
    row.EndRow();
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_n_plus_one, kStrict, RECORDOID) {
    core::Segment& segment = store::RequireSegment();
    pg::RowWriter row(fcinfo);
    row.ForEach(core::kNPlusOnePatterns, [&](uint64 index) {
        core::NPlusOneCopy pattern;
        if (!segment.n_plus_one.Read(static_cast<uint32>(index), &pattern)) {
            return;
        }
        const Texts texts{pg::ReadText(segment.texts, pattern.parent_text),
                          pg::ReadText(segment.texts, pattern.child_text),
                          pg::ReadText(segment.n_plus_one.Suggestions(), pattern.suggestion)};
        if (segment.n_plus_one.Holds(pattern)) {
            WritePattern(row, segment, pattern, texts);
        }
    });
    return Datum{0};
}
