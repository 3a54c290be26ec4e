// Reads the arguments that the functions on presets share, by which callers ask for a preset.
#pragma once

#include "core/pools/presets.hpp"
#include "pg/postgres.hpp"

// The types of the number arguments, as ELILE_SQL_FUNCTION() takes them.
#define ELILE_POOL_NUMBERS INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID

namespace elile::sql_functions {

// Returns the preset that the text argument at `environment` names. The arguments from `numbers` on
// are core::kPoolNumbers; each that is not null replaces the preset's number.
//
// Raises invalid_parameter_value with the known environments, and numeric_value_out_of_range. For a
// pool that the server has no connections for it raises configuration_limit_exceeded with the
// arithmetic.
core::PoolPreset PresetArgument(FunctionCallInfo fcinfo, int environment, int numbers);

// Returns a name argument; raises null_value_not_allowed, in which `what` names it.
const char* NameArgument(FunctionCallInfo fcinfo, int at, const char* what);

}  // namespace elile::sql_functions
