// Work whose failure must not fail the statement that it is done for.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// Whether such work can be done now: in a sound transaction that may have subtransactions.
inline bool MayUseSubtransaction() { return IsTransactionState() && !IsInParallelMode(); }

// `error`, unless null, gets a palloc'd copy of what was raised.
using SubtransactionBody = void (*)(void* argument);
bool RunInSubtransaction(Oid userid, SubtransactionBody body, void* argument, ErrorData** error);

// Runs `body` as `userid`, without the right to leave that role, in a subtransaction with a
// snapshot and in the caller's memory context. False when it raised an error, which goes no
// further; a request to cancel that came meanwhile is kept for the statement.
template <typename Body>
bool InSubtransaction(Oid userid, Body body, ErrorData** error = nullptr) {
    return RunInSubtransaction(
        userid, [](void* argument) { (*static_cast<Body*>(argument))(); }, &body, error);
}

}  // namespace elile::pg
