// What all of the extension's background workers have in common when they are registered.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// Runs this function of the library, in shared memory, under this name; ends for good when it ends.
// The caller adds when it may start, and its arguments.
BackgroundWorker MakeWorker(const char* function, const char* name);

// The same for one that connects to a database and tells the caller of its start and end. False
// when no slot is free; else `handle` lies in the present memory context.
bool StartWithDatabase(BackgroundWorker worker, BgWorkerStartTime when,
                       BackgroundWorkerHandle** handle);

}  // namespace elile::keeper
