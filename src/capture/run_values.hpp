// Hashes the values that a statement ran with, so that a run can be compared with others and with
// rows.
#pragma once

#include "core/n_plus_one/run_values.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// Returns a hash of the parameters' bytes, as they are, and of the statement's text as the client
// sent it. Where the text has comments, its literals are hashed instead. Of long values and texts
// only a part is hashed. Looks at the catalogue for a type that is new to the session. Leaves what
// it needed in the current memory context.
uint64 HashValues(const QueryDesc& query);

// Returns the parameters that a client bound.
core::RunValues ReadParameters(const QueryDesc& query);

// Reads the statement's text for what else it has. A text that is too long is not read. Leaves what
// it needed in the current memory context.
core::TextValues ReadText(const QueryDesc& query);

}  // namespace elile::capture
