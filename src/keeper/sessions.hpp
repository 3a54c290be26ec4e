// Counts client sessions by database, application and state, from the server's own table of them.
#pragma once

#include "core/snapshot/snapshot.hpp"

namespace elile::keeper {

// Adds those that could not be read to `unread`.
void CountSessions(core::SnapshotHead& head, core::Word& unread);

}  // namespace elile::keeper
