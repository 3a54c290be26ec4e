// Checks and converts what an application reports of a query that it timed itself.
#pragma once

#include "core/statements/statement.hpp"
#include "pg/postgres.hpp"

namespace elile::core {
struct Segment;
}

namespace elile::sql_functions {

// Returns the operation of this name. Raises invalid_parameter_value, with the known operations as
// the hint.
core::Operation ReportedOperation(const char* name);
// Returns the directory's index of the table `name`, which is a name or schema.name, without
// quotes. A name without a schema is looked up along search_path, and else taken for public's.
// Raises name_too_long and invalid_name.
uint32 ReportedTable(const char* name);
// Converts seconds to nanoseconds. Raises numeric_value_out_of_range unless they are finite, 0 or
// more, and at most 1e9.
uint64 ReportedDuration(double seconds);

}  // namespace elile::sql_functions
