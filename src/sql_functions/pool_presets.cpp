// elile_optimize.pool_presets and pool_config().
#include "core/pool_presets.hpp"

#include "pg/row_writer.hpp"
#include "sql_functions/common.hpp"
#include "sql_functions/pool_arguments.hpp"

namespace elile::sql_functions {
namespace {

constexpr int kColumns = 13;

void FillColumns(const core::PoolPreset& preset, Datum (&values)[kColumns]) {
    int at = 0;
    values[at++] = CStringGetTextDatum(preset.environment);
    values[at++] = Int32GetDatum(preset.pool_size);
    values[at++] = Int32GetDatum(preset.max_overflow);
    values[at++] = BoolGetDatum(preset.pool_pre_ping);
    values[at++] = Int32GetDatum(preset.pool_recycle_s);
    values[at++] = Int32GetDatum(preset.pool_timeout_s);
    values[at++] = Int32GetDatum(preset.statement_timeout_ms);
    values[at++] = Int32GetDatum(preset.lock_timeout_ms);
    values[at++] = BoolGetDatum(preset.echo);
    values[at++] = BoolGetDatum(preset.echo_pool);
    values[at++] = Int32GetDatum(preset.slow_query_threshold_ms);
    values[at++] = BoolGetDatum(preset.log_query_plan);
    values[at++] = BoolGetDatum(preset.log_parameters);
    Assert(at == kColumns);
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_pool_presets) {
    pg::RowWriter row(fcinfo);
    for (const core::PoolPreset& preset : core::kPoolPresets) {
        Datum values[kColumns];
        FillColumns(preset, values);
        for (const Datum value : values) {
            row.Value(value);
        }
        row.EndRow();
    }
    return Datum{0};
}

ELILE_SQL_FUNCTION(elile_pool_config) {
    const core::PoolPreset preset = PresetArgument(fcinfo, 0, 1);
    TupleDesc description = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &description) != TYPEFUNC_COMPOSITE ||
        description->natts != kColumns) {
        elog(ERROR, "pool_config() does not return a row of pool_presets");
    }
    Datum values[kColumns];
    bool nulls[kColumns] = {};
    FillColumns(preset, values);
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls));
}
