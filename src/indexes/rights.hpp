// Tells who may have an index built on a table.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

// Raises the error that CREATE INDEX would: the role must own the table and be allowed to create in
// its schema.
void RequireRightToIndex(Oid table, Oid userid);

// Returns InvalidOid when the relation is gone.
Oid OwnerOf(Oid relation);

// Returns the role that builds an index on the table. `asker` asked for it and has the right to.
// What a superuser asked for, the table's owner builds, unless the owner could not: on a partition
// of another owner's, or in a schema where it may not create.
Oid BuilderOf(Oid table, Oid asker);

}  // namespace elile::indexes
