// elile_optimize.pool_presets and pool_config().
#include "core/pools/presets.hpp"

#include "pg/row_writer.hpp"
#include "sql_functions/common.hpp"
#include "sql_functions/pool_arguments.hpp"

namespace elile::sql_functions {
namespace {

void WriteColumns(pg::ColumnWriter& row, const core::PoolPreset& preset) {
    row.Text(preset.environment);
    row.Integer(preset.pool_size);
    row.Integer(preset.max_overflow);
    row.Boolean(preset.pool_pre_ping);
    row.Integer(preset.pool_recycle_s);
    row.Integer(preset.pool_timeout_s);
    row.Integer(preset.statement_timeout_ms);
    row.Integer(preset.lock_timeout_ms);
    row.Boolean(preset.echo);
    row.Boolean(preset.echo_pool);
    row.Integer(preset.slow_query_threshold_ms);
    row.Boolean(preset.log_query_plan);
    row.Boolean(preset.log_parameters);
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_pool_presets, kTakesNull, RECORDOID) {
    pg::RowWriter row(fcinfo);
    for (const core::PoolPreset& preset : core::kPoolPresets) {
        WriteColumns(row, preset);
        row.EndRow();
    }
    return Datum{0};
}

ELILE_SQL_FUNCTION(elile_pool_config, kTakesNull, elile::pg::kNamedRow, TEXTOID,
                   ELILE_POOL_NUMBERS) {
    const core::PoolPreset preset = PresetArgument(fcinfo, 0, 1);
    pg::SingleRow row(fcinfo);
    WriteColumns(row, preset);
    return row.End();
}
