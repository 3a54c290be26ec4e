// The saver: the background worker that writes the statistics to files and restores them.
//
// It has no database and takes no lock. It is no part of the keeper, for a disk may take seconds,
// and looks at sessions must go on meanwhile. At shutdown it ends last, after every session.
#pragma once

namespace elile::saver {

// May be called only while shared_preload_libraries is processed. Returns false where the server
// has no room for the worker.
bool RegisterSaver();

// Restores what was saved, and saves until it is asked to end. Returns whether the server is
// shutting down.
bool RunSaver();

}  // namespace elile::saver
