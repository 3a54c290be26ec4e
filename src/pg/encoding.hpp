// Text that another database left, in this database's encoding.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// A palloc'd string. What is no valid text of `encoding`, or has no counterpart here, becomes '?':
// a reader of a view must not fail for what somebody else wrote.
char* ToDatabaseEncoding(const char* text, uint32 length, uint32 encoding);

}  // namespace elile::pg
