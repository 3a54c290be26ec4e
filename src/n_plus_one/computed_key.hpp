// A key that the child computes.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// The child's text with one parameter for what a column must equal, where that is computed from
// parameters alone, as in `id = md5($1 || $2)::uuid`; other parameters keep their order. Null where
// no column or more than one is so compared, and where the text cannot be edited for sure.
const char* WithPlainKey(const Statement& child);

}  // namespace elile::n_plus_one
