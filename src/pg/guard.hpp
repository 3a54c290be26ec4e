// Runs work of ours in somebody's session, so that its errors do not become those of the statement.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// Below, `*error` gets a palloc'd copy of what was raised, or of why the body was not run, unless
// `error` is null.
using GuardedBody = void (*)(void* argument);

struct Guarded {
    Oid userid;
    // Without it, whatever would write raises an error, and nothing in the body can lift that.
    bool writes = false;
    // The caller raises the error itself. Then no request to the session is given back to it, and
    // the error's context is the session's own.
    bool is_raised = false;
    int most_ms = 100;  // processor time; by the clock up to a second
};

// Raises what a conflict with recovery wants raised; to be called where the statement may fail.
// Left to the session's next look for interrupts, it might come while the session is idle, which
// ends the session.
void LetConflictsIn();

// Whether InSubtransaction() would run anything now.
bool MayUseSubtransaction();

bool RunInSubtransaction(const Guarded& how, GuardedBody body, void* argument, ErrorData** error);
bool RunInMemory(GuardedBody body, void* argument, ErrorData** error);

// Runs `body` as `how.userid`, without the right to leave that role, in a subtransaction with a
// snapshot and in the caller's memory context. Returns false when it raised an error, which goes no
// further. Returns false without a run where MayUseSubtransaction() does. That is while the process
// ends or handles an error, with interrupts held, in parallel mode, in logical decoding and outside
// a sound transaction.
//
// All that the server's error handling resets is as before: hold-offs, memory, owner, role,
// callbacks, signals, progress, wait. Settings made in the body are lost. A request to cancel that
// came meanwhile is still there for the statement, and a time-out still counts as one. After
// `most_ms` the body is interrupted, unless it writes or its error is raised. On a standby a
// conflict with recovery waits for the body's end, and for LetConflictsIn().
template <typename Body>
bool InSubtransaction(const Guarded& how, Body body, ErrorData** error = nullptr) {
    return RunInSubtransaction(
        how, [](void* argument) { (*static_cast<Body*>(argument))(); }, &body, error);
}

// Runs `body` as its caller, without any message, when it touches memory only: no catalogue, lock,
// or resource owner.
template <typename Body>
bool InMemory(Body body, ErrorData** error = nullptr) {
    return RunInMemory([](void* argument) { (*static_cast<Body*>(argument))(); }, &body, error);
}

}  // namespace elile::pg
