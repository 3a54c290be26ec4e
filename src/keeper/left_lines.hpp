// The keeper's part in writing down what sessions have left: the log lines that need no catalogue.
// Plans and parameters are written by a database worker.
#pragma once

namespace elile::keeper {

// Must be called at each of the keeper's rounds. It also gives up runs that have waited too long
// for a worker.
void WriteLeftLines();

}  // namespace elile::keeper
