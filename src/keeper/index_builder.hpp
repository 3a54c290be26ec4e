// The worker that builds one index, or removes one that was begun and not finished.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// What its coordinator tells a builder; it lies in bgw_extra.
struct BuilderTask {
    int64 build;  // row of the journal
    Oid dbid;
    Oid userid;       // as whom it works
    uint32 slot;      // on the board
    bool may_log_in;  // as worker_session.hpp has it
    bool removes;     // the index that the journal says was begun, and nothing else
};
static_assert(sizeof(BuilderTask) <= BGW_EXTRALEN);

}  // namespace elile::keeper
