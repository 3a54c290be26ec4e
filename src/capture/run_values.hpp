// Whether a statement ran with the same values as last time.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// A hash of the parameters' bytes, as they are, and of the statement's text as the client sent it,
// or of its literals where it has comments; of long ones of a part. Looks at the catalogue for a
// type that is new to the session. Leaves what it needed in the current memory context.
uint64 HashValues(const QueryDesc& query);

// A hash of those values only that form a list: arrays, and what commas separate. 0 when there is
// none. Leaves what it needed in the current memory context.
uint64 HashLists(const QueryDesc& query);

}  // namespace elile::capture
