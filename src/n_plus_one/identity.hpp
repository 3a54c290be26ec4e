// Which statement a text is: its names and its parameters' types are not in it.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// The types of the parameters with which the scanned text is, here and now, the statement that has
// the identifier: the same tables, functions and operators. InvalidOid where analysis infers the
// type; the first `given_count` are given. palloc'd, for each parameter; null when none is found.
Oid* FindTypes(const Statement& scanned, const Known& known, const Oid* given, int given_count);

// Whether with the types that analysis infers beyond the given ones the same functions and
// operators are called, but for casts of parameters.
bool InfersTheSame(const char* text, const Oid* types, int count, int given_count);

}  // namespace elile::n_plus_one
