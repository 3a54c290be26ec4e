// Finds out which statement a text is, for what its names mean and its parameters' types are not in
// it.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// Returns the parameters' types with which the scanned text is, here and now, the statement with
// the identifier: the same tables, functions and operators. A type is InvalidOid where analysis
// infers it. The first `given_count` are given. The array is palloc'd, an entry for each parameter;
// null when none is found.
Oid* FindTypes(const Statement& scanned, const Known& known, const Oid* given, int given_count);

// Whether the types that analysis infers, beyond the given ones, lead to the same functions and
// operators. Casts of parameters are not compared.
bool InfersTheSame(const char* text, const Oid* types, int count, int given_count);

}  // namespace elile::n_plus_one
