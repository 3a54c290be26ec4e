// Finds a child's key in its parent's rows.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// Returns the parent's output column, by number from 1, whose value the key has; 0 when none is
// known. The two are the same column, or a foreign key leads from one to the other, or from both to
// a third. Else the key has the name and type of a column that is unique in the parent's table and
// not in its own.
int SharedColumn(const Statement& parent, const Key& key);

// Returns the name of that column as quote_identifier() writes it.
const char* OutputName(const Statement& statement, int column);

}  // namespace elile::n_plus_one
