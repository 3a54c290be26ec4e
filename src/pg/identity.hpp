// Lets another role act while something is done for the extension and not for its caller.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

struct Identity {
    Oid userid;
    int security;
};

// Lets `userid` act from now on, without the right to become another role. Returns who acted
// before, for ActAgainAs() within the same transaction. After an error the rollback does that by
// itself.
inline Identity ActAs(Oid userid) {
    Identity before = {InvalidOid, 0};
    GetUserIdAndSecContext(&before.userid, &before.security);
    SetUserIdAndSecContext(
        userid, before.security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    return before;
}

inline void ActAgainAs(const Identity& before) {
    SetUserIdAndSecContext(before.userid, before.security);
}

}  // namespace elile::pg
