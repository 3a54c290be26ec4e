// Counts client sessions by database, application and state, from the server's own table of them.
#pragma once

#include "core/snapshot/snapshot.hpp"

namespace elile::keeper {

void CountSessions(core::SnapshotHead& head);

}  // namespace elile::keeper
