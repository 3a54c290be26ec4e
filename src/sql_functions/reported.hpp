// What an application reports of a query that it timed itself, checked.
#pragma once

#include "core/statements/store.hpp"
#include "pg/postgres.hpp"

namespace elile::sql_functions {

// Errors: invalid_parameter_value with the known operations as the hint.
core::Operation ReportedOperation(const char* name);
// A name or schema.name, without quotes; unqualified names are looked up along search_path and
// else taken for public's. Errors: name_too_long, invalid_name.
uint32 ReportedTable(core::Segment& segment, const char* name);
// Of seconds. Errors: numeric_value_out_of_range unless finite, 0 or more, at most 1e9.
uint64 ReportedDuration(double seconds);

}  // namespace elile::sql_functions
