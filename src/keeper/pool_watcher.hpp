// Looks at the server's sessions and publishes how pools use them.
#pragma once

#include <cstdint>

namespace elile::core {
struct Segment;
}

namespace elile::keeper {

// The pause until the next look, in ns. It is random, so that a load that repeats itself is not
// always seen at the same point.
uint64_t PauseBetweenLooksNs();

// Takes one look, reading shared memory only. The first call allocates all the memory it needs, and
// raises an error when there is none.
void LookAtPools(core::Segment& segment);
// Publishes what was seen until now. Looks do it once a second.
void PublishLooks(core::Segment& segment);

}  // namespace elile::keeper
