// Registers background workers. This is what all of the extension's workers have in common.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// Makes a worker that runs this function of the library under this name, and is not started again
// when it ends. It has access to shared memory. The caller adds when it may start, and its
// arguments.
BackgroundWorker MakeWorker(const char* function, const char* name);

// Starts a worker that connects to a database and tells the caller of its start and end. Returns
// false when no slot is free; else `handle` lies in the current memory context.
bool StartWithDatabase(BackgroundWorker worker, BgWorkerStartTime when,
                       BackgroundWorkerHandle** handle);

}  // namespace elile::keeper
