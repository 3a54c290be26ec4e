// The select-in load: the child's text with `= any` for its `=`.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// The statement's text with the key's equality as `column = any(parameter)`, the column at the end
// of the select list unless it is there, and its LIMIT left out when so told. It is parsed again:
// null unless the parser makes of it what it made of the original, but for these changes.
const char* AnyForm(const Statement& statement, const Key& key, bool drop_limit);

}  // namespace elile::n_plus_one
