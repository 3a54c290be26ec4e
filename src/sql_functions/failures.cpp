// elile_optimize.failures: errors that ended what clients asked for.
#include "core/failures/table.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "pg/condition_names.hpp"
#include "pg/encoding.hpp"
#include "pg/row_writer.hpp"
#include "sql_functions/common.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

// Returns null for an empty name.
const char* NameOrNull(const char* name, size_t room, uint32 encoding) {
    return name[0] != '\0'
               ? pg::ToDatabaseEncoding(name, static_cast<uint32>(strnlen(name, room)), encoding)
               : nullptr;
}

const char* NameOrNull(const char (&name)[core::kNameBytes], uint32 encoding) {
    return NameOrNull(name, sizeof(name), encoding);
}

// The names that a stranger gave are nobody's business but a monitor's.
void WriteSession(pg::RowWriter& row, const core::FailureCopy& failure, bool visible) {
    const core::FailureKey& key = failure.key;
    const uint32 encoding = failure.details.encoding;
    if (key.phase == core::Phase::kConnect) {
        row.Text(visible ? NameOrNull(key.given_database, encoding) : nullptr);
        row.Text(visible ? NameOrNull(key.given_user, encoding) : nullptr);
    } else {
        row.Text(get_database_name(key.database));
        row.Text(GetUserNameFromId(key.user, true));
    }
    row.Text(visible
                 ? pg::ToDatabaseEncoding(
                       key.application,
                       static_cast<uint32>(strnlen(key.application, core::kNameBytes)), encoding)
                 : nullptr);
}

void WriteFailure(pg::RowWriter& row, core::Segment& segment, const core::FailureCopy& failure) {
    const core::FailureKey& key = failure.key;
    const core::FailureDetails& details = failure.details;
    const uint32 encoding = details.encoding;
    const bool visible = MaySee(key.user);
    const char* sqlstate = unpack_sql_state(static_cast<int>(key.sqlstate));
    const char* condition = pg::ConditionName(sqlstate);
    const char* message = NameOrNull(details.message, sizeof(details.message), encoding);
    WriteSession(row, failure, visible);
    row.Text(core::kPhaseNames[static_cast<size_t>(key.phase)].data());
    row.Text(sqlstate);
    row.Text(condition);
    row.BigintOrNull(visible && key.queryid != 0, key.queryid);
    row.Text(details.table_plus_one != 0 ? LabelOf(NameOf(segment, details.table_plus_one - 1))
                                         : nullptr);
    row.Bigint(failure.count);
    row.Time(static_cast<int64>(failure.first_us));
    row.Time(static_cast<int64>(failure.last_us));
    row.Text(message != nullptr ? message : condition);
    row.Text(visible ? NameOrNull(details.schema, encoding) : nullptr);
    row.Text(visible ? NameOrNull(details.table_name, encoding) : nullptr);
    row.Text(visible ? NameOrNull(details.column, encoding) : nullptr);
    row.Text(visible ? NameOrNull(details.constraint, encoding) : nullptr);
    row.EndRow();
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_failures, kStrict, RECORDOID) {
    core::Segment& segment = store::RequireSegment();
    pg::RowWriter row(fcinfo);
    row.ForEach(core::kFailures, [&](uint64 index) {
        core::FailureCopy failure;
        if (segment.failures.Read(static_cast<uint32>(index), &failure)) {
            WriteFailure(row, segment, failure);
        }
    });
    return Datum{0};
}
