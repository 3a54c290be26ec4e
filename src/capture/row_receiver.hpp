// Looks at the rows that a statement sends to its client, where it may be the parent of a loop.
#pragma once

#include "core/n_plus_one/detector.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// The rows that pass from here on until EndSeeing() leave the hashes of their values with the
// detector. Returns false where nothing can be kept of the statement. The query's destination is
// ours meanwhile. There is one such query at a time, for it is at top level.
bool BeginSeeing(QueryDesc* query, core::NPlusOneDetector* detector);

// Gives the query its own destination back, also in an error's handler, which tells so.
void EndSeeing(QueryDesc* query, bool failed);

// Tells whether all rows of this query were seen, and forgets it.
bool TakeSeen(const QueryDesc& query);

}  // namespace elile::capture
