// Who may have an index built on a table.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

// Raises the error that CREATE INDEX would: the current user must own the table and be allowed to
// create in its schema.
void RequireRightToIndex(Oid table);

}  // namespace elile::indexes
