// The keeper's part in what sessions have left to be written down: the log lines that need no
// catalogue. Plans and parameters are a worker's, in their database.
#pragma once

namespace elile::keeper {

// At each of the keeper's rounds. Gives up what has waited too long for a worker.
void WriteLeftLines();

}  // namespace elile::keeper
