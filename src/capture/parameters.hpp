// Renders the values that a slow statement ran with, where its owner wants them kept.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// Returns "$1 = '42'::integer, $2 = 'x'": parameters with their types, then literals as the
// statement has them. Literals are numbered as in its normalised text. Each value is cut at
// log_parameter_max_length. Returns null when there are none. Runs type output functions, so it
// belongs in a subtransaction.
const char* DescribeParameters(ParamListInfo parameters, const char* source, int location,
                               int length);

}  // namespace elile::capture
