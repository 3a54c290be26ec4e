// The exporter as a child process: started, told its settings, watched, ended and started again.
//
// It may do anything and the server is none the worse: what it says is bounded and taken for text,
// and nobody waits for it.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// Starts, configures, listens to or ends the exporter, as settings and time have it. Call it when
// the socket is readable, and again when the time it returns has passed, in ms.
long TendExporter();

// To wait for; PGINVALID_SOCKET while there is nothing to hear.
pgsocket ExporterSocket();

// At the keeper's start, and after the settings were read again.
void ReconfigureExporter();

// Before the keeper's process ends, however it does. It would end by itself then, but as a child of
// whom the system gives it to: in a container that is the postmaster, which takes the end of a
// child by a signal for a crash and ends all sessions.
void EndExporter();

}  // namespace elile::keeper
