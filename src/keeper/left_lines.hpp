// Whoever writes down what sessions have left: the log lines of sessions that have ended, by the
// keeper itself; plans and parameters, by a worker in their database.
#pragma once

namespace elile::keeper {

// Writes the lines that need no catalogue, gives up what waits too long, starts workers.
void TendPlanWriters();

}  // namespace elile::keeper
