// What the postmaster is doing, by its own word and the kernel's. Nothing here waits or raises an
// error.
#pragma once

namespace elile::keeper {

bool AcceptsConnections();

// Whether it was told to end. It says so before it ends its workers.
bool IsShuttingDown();

// A postmaster that was stopped by a signal starts no session and answers nobody.
bool IsPostmasterStopped();

}  // namespace elile::keeper
