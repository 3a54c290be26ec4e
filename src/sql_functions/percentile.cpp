// elile_optimize.percentile(), of one fraction and of several.
#include "pg/postgres.hpp"
#include "sql_functions/common.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

void RequireFraction(double fraction) {
    if (!(fraction > 0 && fraction <= 1)) {
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                        errmsg("fraction %g is not a percentile", fraction),
                        errhint("Give a fraction above 0 and up to 1: 0.95 for the p95.")));
    }
}

// Returns the sum of the statement's executions that the caller may see. Null when there are none.
const core::TallySnapshot* SumOf(uint64 queryid) {
    const core::Segment& segment = store::RequireSegment();
    auto* sum = static_cast<core::TallySnapshot*>(palloc(sizeof(core::TallySnapshot)));
    *sum = core::TallySnapshot();
    const Oid caller = GetUserId();
    const bool sees_all = has_privs_of_role(caller, ROLE_PG_READ_ALL_STATS);
    EnterStore(segment);
    segment.statements.ForEachOfQuery(queryid, [&](const core::Entry& entry) {
        if (sees_all || core::KeyOf(entry).userid == caller) {
            segment.statements.AddTalliesOf(entry, *sum);
        }
    });
    LeaveStore(segment);
    return sum->Executions() > 0 ? sum : nullptr;
}

double Milliseconds(const core::TallySnapshot& sum, double fraction) {
    return sum.QuantileNs(fraction) / 1e6;
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_percentile, kStrict, FLOAT8OID, INT8OID, FLOAT8OID) {
    const double fraction = PG_GETARG_FLOAT8(1);
    RequireFraction(fraction);
    const core::TallySnapshot* sum = SumOf(static_cast<uint64>(PG_GETARG_INT64(0)));
    if (sum == nullptr) {
        PG_RETURN_NULL();
    }
    PG_RETURN_FLOAT8(Milliseconds(*sum, fraction));
}

ELILE_SQL_FUNCTION(elile_percentiles, kStrict, FLOAT8ARRAYOID, INT8OID, FLOAT8ARRAYOID) {
    ArrayType* fractions = PG_GETARG_ARRAYTYPE_P(1);
    Datum* values = nullptr;
    bool* nulls = nullptr;
    int count = 0;
    deconstruct_array(fractions, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
                      &values, &nulls, &count);
    for (int at = 0; at < count; ++at) {
        if (!nulls[at]) {
            RequireFraction(DatumGetFloat8(values[at]));
        }
    }
    const core::TallySnapshot* sum = SumOf(static_cast<uint64>(PG_GETARG_INT64(0)));
    if (sum == nullptr) {
        PG_RETURN_NULL();
    }
    for (int at = 0; at < count; ++at) {
        if (!nulls[at]) {
            values[at] = Float8GetDatum(Milliseconds(*sum, DatumGetFloat8(values[at])));
        }
    }
    PG_RETURN_ARRAYTYPE_P(construct_md_array(values, nulls, ARR_NDIM(fractions),
                                             ARR_DIMS(fractions), ARR_LBOUND(fractions), FLOAT8OID,
                                             sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
