// The keeper's part in what is done inside databases: it starts a worker where something is due.
#pragma once

namespace elile::keeper {

// At each of the keeper's rounds. At most two workers are at work at once, and one of the two
// places is for urgent jobs alone.
void TendDatabaseWorkers();

}  // namespace elile::keeper
