// Tells who may have an index built on a table.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

// Raises the error that CREATE INDEX would: the role must own the table and be allowed to create in
// its schema.
void RequireRightToIndex(Oid table, Oid userid);

// Returns InvalidOid when the relation is gone.
Oid OwnerOf(Oid relation);

// Returns the role that builds an index on the table, for `asker`, who has the right to it. An
// index that a superuser asks for is built by the table's owner, unless the owner could not. That
// is so on a partition of another owner's, or in a schema where the owner may not create.
Oid BuilderOf(Oid table, Oid asker);

}  // namespace elile::indexes
