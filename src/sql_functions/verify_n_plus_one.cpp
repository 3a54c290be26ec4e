// elile_optimize.verify_n_plus_one().
#include <cmath>

#include "core/n_plus_one/table.hpp"
#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/table.hpp"
#include "n_plus_one/verification.hpp"
#include "pg/encoding.hpp"
#include "pg/row_writer.hpp"
#include "sql_functions/common.hpp"

namespace elile::sql_functions {
namespace {

struct Found {
    bool found;
    Oid another;  // a role that ran it too
    uint32 length;
    uint32 encoding;
    char text[core::kMaxTextBytes];
};

// Finds the text of a statement that the current user itself sent in this database. Nobody runs
// with its own rights what somebody else has written.
void FindText(core::Segment& segment, uint64 queryid, Found* found) {
    segment.statements.ForEachOfQuery(queryid, [&segment, found](const core::Entry& entry) {
        const core::StatementKey key = core::KeyOf(entry);
        const uint32 text = core::Get(entry.text);
        if (found->found || key.unidentified || !key.toplevel || key.dbid != MyDatabaseId ||
            text == 0) {
            return;
        }
        if (key.userid != GetUserId()) {
            found->another = key.userid;
            return;
        }
        found->length =
            segment.texts.Read(text, found->text, core::kMaxTextBytes, &found->encoding);
        found->found = true;
    });
}

const char* RequireText(core::Segment& segment, int64 queryid) {
    auto* found = static_cast<Found*>(palloc0(sizeof(Found)));
    EnterStore(segment);
    FindText(segment, static_cast<uint64>(queryid), found);
    LeaveStore(segment);
    if (!found->found && OidIsValid(found->another) && MaySee(found->another)) {
        const char* role = GetUserNameFromId(found->another, true);
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("statement %lld is another role's", static_cast<long long>(queryid)),
                 errdetail("A statement is only run with the rights of the role that sent it."),
                 errhint("SET ROLE %s, and call again.",
                         role != nullptr ? quote_identifier(role) : "...")));
    }
    if (!found->found) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("no statement %lld of yours is known in this database",
                               static_cast<long long>(queryid)),
                        errhint("n_plus_one and statements have those that are known.")));
    }
    return pg::ToDatabaseEncoding(found->text, found->length, found->encoding);
}

n_plus_one::Known RequireKnown(core::Segment& segment, int64 queryid) {
    constexpr int kMostTries = 512;
    return {RequireText(segment, queryid), static_cast<uint64>(queryid), kMostTries};
}

uint64 ChangingOf(core::Segment& segment, const n_plus_one::Known& parent,
                  const n_plus_one::Known& child) {
    EnterStore(segment);
    const uint64 changing = segment.n_plus_one.ChangingOf(
        {MyDatabaseId, GetUserId(), 0, parent.queryid, child.queryid});
    LeaveStore(segment);
    return changing;
}

n_plus_one::Texts TextsOf(FunctionCallInfo fcinfo, int argument) {
    if (PG_ARGISNULL(argument)) {
        return {nullptr, 0, false};
    }
    Datum* values = nullptr;
    bool* nulls = nullptr;
    int count = 0;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), TEXTOID, -1, false, TYPALIGN_INT, &values,
                      &nulls, &count);
    auto** texts =
        static_cast<const char**>(palloc(sizeof(char*) * static_cast<Size>(Max(count, 1))));
    for (int at = 0; at < count; ++at) {
        texts[at] = nulls[at] ? nullptr : TextDatumGetCString(values[at]);
    }
    return {texts, count, true};
}

int Milliseconds(const Interval& interval) {
    constexpr double kDay = 24.0 * 3600 * 1000;
    const double milliseconds = static_cast<double>(interval.time) / 1e3 +
                                (static_cast<double>(interval.day) + 30.0 * interval.month) * kDay;
    if (!(milliseconds >= 1 && milliseconds <= PG_INT32_MAX)) {
        ereport(ERROR,
                (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("timeout is out of range"),
                 errhint("Give between 1 ms and 24 days.")));
    }
    return static_cast<int>(milliseconds);
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_verify_n_plus_one, kTakesNull, RECORDOID, INT8OID, INT8OID, TEXTARRAYOID,
                   TEXTARRAYOID, TEXTARRAYOID, INTERVALOID) {
    constexpr int kTimeout = 5;
    if (PG_ARGISNULL(1) || PG_ARGISNULL(kTimeout)) {
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("child_queryid and timeout must not be null")));
    }
    core::Segment& segment = store::RequireSegment();
    const n_plus_one::Known parent =
        PG_ARGISNULL(0) ? n_plus_one::Known{} : RequireKnown(segment, PG_GETARG_INT64(0));
    const n_plus_one::Known child = RequireKnown(segment, PG_GETARG_INT64(1));
    const n_plus_one::Request request = {parent,
                                         child,
                                         ChangingOf(segment, parent, child),
                                         TextsOf(fcinfo, 2),
                                         TextsOf(fcinfo, 3),
                                         TextsOf(fcinfo, 4),
                                         Milliseconds(*PG_GETARG_INTERVAL_P(kTimeout))};
    pg::RowWriter row(fcinfo);
    const n_plus_one::Verification verification = n_plus_one::Verify(request);
    for (int at = 0; at < verification.count; ++at) {
        const n_plus_one::Verified& verified = verification.of[at];
        row.Text(verified.form);
        row.Bigint(verified.keys);
        row.Bigint(verified.rows_one_by_one);
        row.Bigint(verified.rows_at_once);
        row.Boolean(verified.same_rows);
        row.Milliseconds(verified.one_by_one_ns);
        row.Milliseconds(verified.at_once_ns);
        row.Double(verified.at_once_ns > 0 ? verified.one_by_one_ns / verified.at_once_ns : 0);
        row.Text(verified.statement);
        row.EndRow();
    }
    return Datum{0};
}
