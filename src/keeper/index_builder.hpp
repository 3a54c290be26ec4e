// The index builder: the worker that builds one index, or removes one that was left unfinished.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// The coordinator passes this to a builder in bgw_extra.
struct BuilderTask {
    int64 build;  // row of the journal
    Oid dbid;
    Oid userid;       // the role as which it works
    uint32 slot;      // on the board
    bool may_log_in;  // from MayLogIn()
    bool removes;     // true: only removes the journal's unfinished index
};
static_assert(sizeof(BuilderTask) <= BGW_EXTRALEN);

}  // namespace elile::keeper
