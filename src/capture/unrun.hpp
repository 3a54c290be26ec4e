// Keeps what failed before it ran, where its client had waited for longer than the threshold: for a
// lock in parse analysis, for planning.
#pragma once

#include "core/failures/failure.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// To be called for each failure that is counted, as its error is reported. Touches memory only.
void KeepIfItWaited(const core::FailureKey& failure, uint32 table_plus_one);

}  // namespace elile::capture
