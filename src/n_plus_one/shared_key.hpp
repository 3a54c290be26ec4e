// What a child's key is in its parent's rows.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// The parent's output column, by number from 1, whose value the key has; 0 when none is known: by a
// foreign key between the two columns, by one that both have to the same column, because they are
// the same column, or because the key has the name and type of a column that is unique in the
// parent's table and not in its own.
int SharedColumn(const Statement& parent, const Key& key);

// The name of that column as `quote_identifier` has it.
const char* OutputName(const Statement& statement, int column);

}  // namespace elile::n_plus_one
