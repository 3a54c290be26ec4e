// Tells whose statement a plan is: the application's, the extension's or the catalogue's.
#pragma once

#include "core/statements/statement.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// To be asked where a statement's entry is made, for it looks into the catalogue. May raise an
// error.
core::StatementOrigin OriginOfPlan(const PlannedStmt& plan);

}  // namespace elile::capture
