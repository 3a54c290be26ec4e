// The keeper's part in background builds: it starts a coordinator in each database that wants one.
//
// Two kinds of worker do the rest. A coordinator reads its database's journal and starts a builder
// for each build that may begin; a builder builds one index, or removes what another one left
// unfinished. No worker is restarted by the postmaster: what was not done is still in the journal.
#pragma once

#include "pg/postgres.hpp"

namespace elile::core {
struct Segment;
}

namespace elile::keeper {

// Must be called once a second. After a start, a crash or a promotion it has all databases looked
// at.
void TendBuilds(core::Segment& segment);

// Starts a worker from MakeWorker(), which begins once the server is no standby. Returns false when
// no slot is free, which the board remembers and the log is told once a minute. `handle` lies in
// the current memory context.
bool StartBuildWorker(core::Segment& segment, const BackgroundWorker& worker,
                      BackgroundWorkerHandle** handle);

}  // namespace elile::keeper
