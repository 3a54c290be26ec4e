// Looks at the server's sessions and publishes what they say of pools.
#pragma once

#include "core/statement_store.hpp"

namespace elile::keeper {

inline constexpr uint64_t kPoolLookNs = core::kLookIntervalUs * 1000;

// One look. Reads shared memory only. Allocates its room once; an error when there is none.
void LookAtPools(core::StatementStore& store);

}  // namespace elile::keeper
