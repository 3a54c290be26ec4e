// Runs the exporter as a child process: starts it, tells it its settings, watches it, ends it and
// starts it again.
//
// Whatever the exporter does, it does not harm the server: its words are bounded and taken as text,
// and nobody waits for it.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// Starts, configures, listens to or ends the exporter, as settings and time demand. Must be called
// when the socket is readable, and when as many ms have passed as it returned.
long TendExporter();

// The socket on which the exporter speaks, for the keeper to wait on; PGINVALID_SOCKET while there
// is none.
pgsocket ExporterSocket();

// Must be called at the keeper's start, and after the settings were read again.
void ReconfigureExporter();

// Must be called before the keeper's process ends, however it ends. The exporter would end by
// itself then, but as the child of a process that the system chooses. In a container that is the
// postmaster: it takes a child's end by a signal for a crash, and ends all sessions.
void EndExporter();

}  // namespace elile::keeper
