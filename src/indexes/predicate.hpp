// Reads predicates of indexes as values that can be compared.
#pragma once

#include "core/indexes/shape.hpp"
#include "pg/postgres.hpp"

namespace elile::indexes {

// Returns the palloc'd counterpart of pg_index.indpred. Nothing of the predicate is executed:
// constants are taken as they stand, under casts of the server's own. Two writings of one
// expression have one text, since reading drops each node's location in its statement.
core::IndexPredicate ReadPredicate(const char* nodes);

}  // namespace elile::indexes
