// Makes the select-in load: the child's text with `= any` for its `=`.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// Returns the statement's text with the key's equality as `column = any(parameter)`. The column
// stands at the end of the select list unless it is there already. `drop_limit` leaves out the
// LIMIT. The text is parsed again: null unless the parser makes of it the original's tree with just
// these changes.
const char* AnyForm(const Statement& statement, const Key& key, bool drop_limit);

}  // namespace elile::n_plus_one
