// Publishes what the exporter shows: a sample of the statistics and of the sessions.
#pragma once

#include "core/statements/store.hpp"

namespace elile::keeper {

// Reads shared memory only. Allocates its room once; an error when there is none. Returns the
// sample, its series behind it: the last one when somebody folds at the moment.
const core::SampleHead& TakeSample(core::Segment& segment);

// The last one; null before the first.
const core::SampleHead* LastSample();

}  // namespace elile::keeper
