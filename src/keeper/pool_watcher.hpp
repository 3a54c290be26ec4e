// Looks at the server's sessions and publishes what they say of pools.
#pragma once

#include "core/statements/store.hpp"

namespace elile::keeper {

// Of random length, so that a load that repeats itself is not always seen at the same point.
uint64_t PauseBetweenLooksNs();

// One look. Reads shared memory only. Allocates its room once; an error when there is none.
void LookAtPools(core::Segment& segment);

}  // namespace elile::keeper
