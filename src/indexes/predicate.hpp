// Predicates of indexes as values that can be compared.
#pragma once

#include "core/index_shape.hpp"
#include "pg/postgres.hpp"

namespace elile::indexes {

// The palloc'd counterpart of pg_index.indpred. Nothing of the predicate is executed: constants are
// taken as they stand, under casts of the server's own.
core::IndexPredicate ReadPredicate(const char* nodes);

// Without what differs between two writings of one expression: where it stood in its statement.
std::string_view CanonicalText(const char* nodes);

}  // namespace elile::indexes
