// What the functions on presets have in common: the preset that their arguments ask for.
#pragma once

#include "core/pools/presets.hpp"
#include "pg/postgres.hpp"

// Their types, as ELILE_SQL_FUNCTION() takes them.
#define ELILE_POOL_NUMBERS INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID

namespace elile::sql_functions {

// The preset named by the text argument at `environment`, with the numbers of core::kPoolNumbers
// that are not null in the arguments from `numbers` on. Raises invalid_parameter_value with the
// known environments, numeric_value_out_of_range, and configuration_limit_exceeded with the
// arithmetic for a pool that the server has no connections for.
core::PoolPreset PresetArgument(FunctionCallInfo fcinfo, int environment, int numbers);

// A name argument; raises null_value_not_allowed.
const char* NameArgument(FunctionCallInfo fcinfo, int at, const char* what);

}  // namespace elile::sql_functions
