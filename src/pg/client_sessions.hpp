// Reads client sessions from the server's own table of them.
#pragma once

#include "core/pools/watch.hpp"
#include "pg/session_table.hpp"

namespace elile::pg {

// Reads the session at this place. It is kFree too where it is no client's, or is starting, so that
// its pool is not known. Where it is kUnread, its process number alone is set.
SlotReading ReadClientSession(SessionLook& look, int place, core::SeenSession* session);

// Returns this session's pool as others see it: application_name is cut where the server's table
// cuts it.
core::PoolKey OwnPool();

}  // namespace elile::pg
