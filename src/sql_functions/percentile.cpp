// elile_optimize.percentile(), of one fraction and of several.
#include <bit>

#include "core/segment.hpp"
#include "core/statements/table.hpp"
#include "core/statements/utility_ids.hpp"
#include "pg/clock.hpp"
#include "pg/postgres.hpp"
#include "sql_functions/common.hpp"
#include "store/shared_store.hpp"

namespace elile::sql_functions {
namespace {

// Who may see which entries of a statement.
struct Scope {
    uint64 queryid;
    Oid caller;
    uint32 sees_all;
};

Scope ScopeOf(int64 queryid) {
    const Oid caller = GetUserId();
    const core::Segment& segment = store::RequireSegment();
    return {segment.utility_ids.ShownFor(static_cast<uint64>(queryid)), caller,
            has_privs_of_role(caller, ROLE_PG_READ_ALL_STATS) ? 1U : 0U};
}

// A result that was computed a moment ago. Where many roles run a statement, a query with a row for
// each of them asks for the same sum of all again and again, and gets it from here.
struct Recent {
    struct Key {
        Scope scope;
        uint64 fractions;  // the fraction's bits, or a hash of several
    };
    Key key;
    uint64 computed_ns;
    Datum value;
};
static_assert(sizeof(Recent::Key) == 24, "padding would be compared too");

// Lies in the memory of one place of a query from which the function is called.
struct Recents {
    MemoryContext memory;
    HTAB* by_key;
};

constexpr uint32 kManyEntries = 16;  // a sum of more is remembered
constexpr uint64 kRecentNs = 100000000;

// Returns null where nothing recent is known.
const Recent* FindRecent(FunctionCallInfo call, const Recent::Key& key) {
    const auto* recents = static_cast<const Recents*>(call->flinfo->fn_extra);
    if (recents == nullptr || recents->by_key == nullptr) {
        return nullptr;
    }
    const auto* found =
        static_cast<const Recent*>(hash_search(recents->by_key, &key, HASH_FIND, nullptr));
    return found != nullptr && pg::MonotonicNs() - found->computed_ns < kRecentNs ? found : nullptr;
}

void ForgetRecents(Recents* recents) {
    recents->by_key = nullptr;  // for the time after an error
    MemoryContextReset(recents->memory);
    HASHCTL control = {};
    control.keysize = sizeof(Recent::Key);
    control.entrysize = sizeof(Recent);
    control.hcxt = recents->memory;
    recents->by_key = hash_create("elile_optimize percentiles", 64, &control,
                                  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

Recents* RecentsOf(FunctionCallInfo call) {
    constexpr int kMostRecents = 16384;
    auto* recents = static_cast<Recents*>(call->flinfo->fn_extra);
    if (recents == nullptr) {
        recents = static_cast<Recents*>(MemoryContextAlloc(call->flinfo->fn_mcxt, sizeof(Recents)));
        recents->memory = AllocSetContextCreate(call->flinfo->fn_mcxt, "elile_optimize percentiles",
                                                ALLOCSET_DEFAULT_SIZES);
        ForgetRecents(recents);
        call->flinfo->fn_extra = recents;
    } else if (recents->by_key == nullptr ||
               hash_get_num_entries(recents->by_key) >= kMostRecents) {
        ForgetRecents(recents);
    }
    return recents;
}

// `length` is that of the value's type, as in pg_type.
void Remember(FunctionCallInfo call, const Recent::Key& key, Datum value, int length) {
    Recents* recents = RecentsOf(call);
    MemoryContext caller = MemoryContextSwitchTo(recents->memory);
    const Datum kept = datumCopy(value, length > 0, length);
    MemoryContextSwitchTo(caller);
    bool was_there = false;
    auto* recent = static_cast<Recent*>(hash_search(recents->by_key, &key, HASH_ENTER, &was_there));
    if (was_there && length < 0) {
        pfree(DatumGetPointer(recent->value));
    }
    recent->value = kept;
    recent->computed_ns = pg::MonotonicNs();
}

void RequireFraction(double fraction) {
    if (!(fraction > 0 && fraction <= 1)) {
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                        errmsg("fraction %g is not a percentile", fraction),
                        errhint("Give a fraction above 0 and up to 1: 0.95 for the p95.")));
    }
}

// Returns the sum of the executions in the scope, and of how many entries it is. Null when there
// are none.
const core::TallySnapshot* SumOf(const Scope& scope, uint32* entries) {
    const core::Segment& segment = store::RequireSegment();
    auto* sum = static_cast<core::TallySnapshot*>(palloc(sizeof(core::TallySnapshot)));
    *sum = core::TallySnapshot();
    *entries = 0;
    EnterStore(segment);
    segment.statements.ForEachOfQuery(scope.queryid, [&](const core::Entry& entry) {
        if (scope.sees_all != 0 || core::KeyOf(entry).userid == scope.caller) {
            segment.statements.AddTalliesOf(entry, *sum);
            ++*entries;
        }
    });
    LeaveStore(segment);
    return sum->Executions() > 0 ? sum : nullptr;
}

double Milliseconds(const core::TallySnapshot& sum, double fraction) {
    return sum.QuantileNs(fraction) / 1e6;
}

struct Fractions {
    Datum* values;
    bool* nulls;
    int count;
};

// Raises an error for one that is none.
Fractions TakeApart(ArrayType* array) {
    Fractions fractions{};
    deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
                      &fractions.values, &fractions.nulls, &fractions.count);
    for (int at = 0; at < fractions.count; ++at) {
        if (!fractions.nulls[at]) {
            RequireFraction(DatumGetFloat8(fractions.values[at]));
        }
    }
    return fractions;
}

uint64 HashOf(const ArrayType* array) {
    return hash_bytes_extended(reinterpret_cast<const unsigned char*>(VARDATA(array)),
                               static_cast<int>(VARSIZE(array) - VARHDRSZ), 0);
}

// Returns an array of the shape of `array`.
Datum PercentilesOf(const core::TallySnapshot& sum, ArrayType* array, const Fractions& fractions) {
    auto* values = static_cast<Datum*>(palloc(sizeof(Datum) * Max(fractions.count, 1)));
    for (int at = 0; at < fractions.count; ++at) {
        values[at] = fractions.nulls[at]
                         ? Datum{0}
                         : Float8GetDatum(Milliseconds(sum, DatumGetFloat8(fractions.values[at])));
    }
    return PointerGetDatum(construct_md_array(values, fractions.nulls, ARR_NDIM(array),
                                              ARR_DIMS(array), ARR_LBOUND(array), FLOAT8OID,
                                              sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_percentile, kStrict, FLOAT8OID, INT8OID, FLOAT8OID) {
    const double fraction = PG_GETARG_FLOAT8(1);
    RequireFraction(fraction);
    const Recent::Key key{ScopeOf(PG_GETARG_INT64(0)), std::bit_cast<uint64>(fraction)};
    if (const Recent* recent = FindRecent(fcinfo, key); recent != nullptr) {
        return recent->value;
    }
    uint32 entries = 0;
    const core::TallySnapshot* sum = SumOf(key.scope, &entries);
    if (sum == nullptr) {
        PG_RETURN_NULL();
    }
    const Datum value = Float8GetDatum(Milliseconds(*sum, fraction));
    if (entries > kManyEntries) {
        Remember(fcinfo, key, value, sizeof(float8));
    }
    return value;
}

ELILE_SQL_FUNCTION(elile_percentiles, kStrict, FLOAT8ARRAYOID, INT8OID, FLOAT8ARRAYOID) {
    ArrayType* fractions = PG_GETARG_ARRAYTYPE_P(1);
    const Fractions wanted = TakeApart(fractions);
    const Recent::Key key{ScopeOf(PG_GETARG_INT64(0)), HashOf(fractions)};
    if (const Recent* recent = FindRecent(fcinfo, key); recent != nullptr) {
        return datumCopy(recent->value, false, -1);
    }
    uint32 entries = 0;
    const core::TallySnapshot* sum = SumOf(key.scope, &entries);
    if (sum == nullptr) {
        PG_RETURN_NULL();
    }
    const Datum value = PercentilesOf(*sum, fractions, wanted);
    if (entries > kManyEntries) {
        Remember(fcinfo, key, value, -1);
    }
    return value;
}
