// Scans and sizes of indexes, which only a process inside their database can see: a worker that
// looks, leaves them in the segment, and goes.
#pragma once

#include "core/snapshot/snapshot.hpp"
#include "core/statements/store.hpp"

namespace elile::keeper {

// Starts a worker when one is due: for a database in which statements were counted since the last
// one, at most once a minute, one at a time. `sample` is the last one.
void TendIndexWorkers(core::StatementStore& store, const core::SampleHead& sample);

}  // namespace elile::keeper
