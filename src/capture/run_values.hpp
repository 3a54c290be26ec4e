// Hashes the values that a statement ran with, so that a run can be compared with the last one.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// Returns a hash of the parameters' bytes, as they are, and of the statement's text as the client
// sent it. Where the text has comments, its literals are hashed instead. Of long values and texts
// only a part is hashed. Looks at the catalogue for a type that is new to the session. Leaves what
// it needed in the current memory context.
uint64 HashValues(const QueryDesc& query);

// Returns a hash of only those values that form a list: arrays, and what commas separate. Returns 0
// when there is none. Leaves what it needed in the current memory context.
uint64 HashLists(const QueryDesc& query);

}  // namespace elile::capture
