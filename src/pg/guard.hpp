// Work of ours in somebody's session, whose errors must not become those of the statement.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// Unless null, `*error` gets a palloc'd copy of what was raised, or of why the body was not run.
using GuardedBody = void (*)(void* argument);

struct Guarded {
    Oid userid;
    // Else whatever would write raises an error; nothing in there can lift that.
    bool writes = false;
    // The caller raises the error itself: no request of the session's is given back to it, and
    // the context of the error is the session's own.
    bool is_raised = false;
    int most_ms = 100;  // of a processor; up to a second of the clock
};

// Where the statement may fail: raises what a conflict with recovery wants raised. Left to the
// session's next look for interrupts it might come when the session is idle, which ends it.
void LetConflictsIn();

// Whether InSubtransaction() would run anything now.
bool MayUseSubtransaction();

bool RunInSubtransaction(const Guarded& how, GuardedBody body, void* argument, ErrorData** error);
bool RunInMemory(GuardedBody body, void* argument, ErrorData** error);

// Runs `body` as `how.userid`, without the right to leave that role, in a subtransaction with a
// snapshot and in the caller's memory context. False when it raised an error, which goes no
// further. False too, without a run, while the process ends or an error is handled, with interrupts
// held, in parallel mode, in logical decoding and outside a sound transaction.
//
// All that the server's way to report errors resets is as before: hold-offs, memory, owner, role,
// callbacks, signals, progress, wait. Settings made in there go. A request to cancel that came
// meanwhile is still there for the statement, a time-out as one. After `most_ms` the body is
// interrupted, unless it writes or its error is raised. On a standby a conflict with recovery waits
// for its end, and for LetConflictsIn().
template <typename Body>
bool InSubtransaction(const Guarded& how, Body body, ErrorData** error = nullptr) {
    return RunInSubtransaction(
        how, [](void* argument) { (*static_cast<Body*>(argument))(); }, &body, error);
}

// As its caller and without a word, for a body that touches memory only: no catalogue, lock, or
// resource owner.
template <typename Body>
bool InMemory(Body body, ErrorData** error = nullptr) {
    return RunInMemory([](void* argument) { (*static_cast<Body*>(argument))(); }, &body, error);
}

}  // namespace elile::pg
