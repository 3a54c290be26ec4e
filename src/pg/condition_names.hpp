// Names of the server's error conditions, as PL/pgSQL knows them.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// Returns null for an SQLSTATE that the server's own table does not have.
const char* ConditionName(const char* sqlstate);

}  // namespace elile::pg
