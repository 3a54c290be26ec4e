// Finds the entry of a utility by its normalised text. The server gives a utility another
// identifier for each of its constants, so the session remembers by identifier which entry a text
// led to, and scans only a text whose identifier is new to it.
#pragma once

#include "core/statements/statement.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// Returns the statement with its entry, which is made where it is missing. Its key has the
// identifier that the entry shows. A utility for which nobody computes an identifier is counted by
// operation only. Raises no error but out of memory.
core::KnownStatement FindUtility(const PlannedStmt& statement, const char* source, bool toplevel);

}  // namespace elile::capture
