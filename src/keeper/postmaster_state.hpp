// Tells what the postmaster is doing, by postmaster.pid and /proc. Nothing here waits or raises an
// error.
#pragma once

namespace elile::keeper {

bool AcceptsConnections();

// Whether the postmaster was told to end. It says so before it ends its workers.
bool IsShuttingDown();

// Whether a signal has stopped the postmaster (SIGSTOP). Then it starts no session and answers
// nobody.
bool IsPostmasterStopped();

}  // namespace elile::keeper
