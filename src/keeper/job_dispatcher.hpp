// The keeper's part in the jobs inside databases: it starts a worker where a job is due.
#pragma once

namespace elile::keeper {

// Must be called at each of the keeper's rounds. At most two workers are at work at once, and one
// of the two places is for urgent jobs alone.
void TendDatabaseWorkers();

}  // namespace elile::keeper
