// Who acts, for the time of something that is done for the extension and not for its caller.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

struct Identity {
    Oid userid;
    int security;
};

// From now on `userid` acts, and can become no other role. Returns who acted until then, for
// ActAgainAs() within the same transaction; an error's rollback goes back by itself.
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
