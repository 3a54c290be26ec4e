// The keeper's part in background builds: it starts a coordinator in each database that wants one.
//
// Two kinds of worker do the rest. A coordinator reads its database's journal and starts a builder
// for each build that may begin; a builder builds one index, or removes what another one left
// unfinished. No worker is restarted by the postmaster: what was not done is still in the journal.
#pragma once

#include "core/statements/store.hpp"
#include "pg/postgres.hpp"

namespace elile::keeper {

// Once a second. After a start, a crash or a promotion all databases are looked at.
void TendBuilds(core::Segment& segment);

// A worker from MakeWorker(), once the server is no standby. False when no slot is free, which the
// board remembers and the log is told once in a while. `handle` lies in the present memory context.
bool StartBuildWorker(core::Segment& segment, const BackgroundWorker& worker,
                      BackgroundWorkerHandle** handle);

}  // namespace elile::keeper
