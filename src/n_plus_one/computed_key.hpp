// Replaces a key that the child computes by a parameter.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// Returns the child's text with one parameter for the value that a column must equal. The child
// computes it from parameters alone, as in `id = md5($1 || $2)::uuid`. Other parameters keep their
// order. Returns null where no column or more than one is so compared, and where the text cannot be
// edited for sure. `changing` are the child's parameters that change, 0 unknown, and become those
// of the new text. What none of them is part of is no key.
const char* WithPlainKey(const Statement& child, uint64* changing);

}  // namespace elile::n_plus_one
