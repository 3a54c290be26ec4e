// Who may have an index built on a table.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

// Raises the error that CREATE INDEX would: the role must own the table and be allowed to create in
// its schema.
void RequireRightToIndex(Oid table, Oid userid);

// InvalidOid when it is gone.
Oid OwnerOf(Oid relation);

// As whom to build an index on the table that `asker` asked for, who has the right. What a
// superuser asked for is the table's owner's work, unless the owner could not do it: on a partition
// of another owner's, or in a schema where it may not create.
Oid BuilderOf(Oid table, Oid asker);

}  // namespace elile::indexes
