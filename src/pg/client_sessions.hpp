// Reads client sessions from the server's own table of them.
#pragma once

#include "core/pools/watch.hpp"
#include "pg/postgres.hpp"

namespace elile::pg {

// Reads the session at this place, from 1, of the copy that pgstat_fetch_stat_numbackends() has
// made. Returns false when it is no client's, or is starting, so that its pool is not known.
bool ReadClientSession(int place, core::SeenSession* session);

// Returns this session's pool as others see it: application_name is cut where the server's table
// cuts it.
core::PoolKey OwnPool();

}  // namespace elile::pg
