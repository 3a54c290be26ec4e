// The values that a slow statement ran with, where its owner wants them kept.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// "$1 = '42'::integer, $2 = 'x'": parameters with their types, then literals as the statement has
// them, numbered as in its normalised text; each cut at log_parameter_max_length. Null when there
// are none. Runs type output functions, so it belongs into a subtransaction.
const char* DescribeParameters(ParamListInfo parameters, const char* source, int location,
                               int length);

}  // namespace elile::capture
