// A limit on the time that work of ours takes in a user's statement.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// One at a time. What runs after the start raises a cancel at its next look for interrupts once it
// has used so many milliseconds of a processor, or a multiple of them without one.
void StartDeadline(int ms);
// True when a cancel was raised, or would have been: it is over, and nobody else sees it. A cancel
// that a user sends after ours is taken for ours.
bool StopDeadline();
[[noreturn]] void RaiseDeadline(int ms);

// Runs `body` in a subtransaction that the caller has begun. An error when it takes longer, which
// is no cancel to who catches it.
template <typename Body>
void RunWithin(int ms, Body body) {
    StartDeadline(ms);
    PG_TRY();
    { body(); }
    PG_CATCH();
    {
        if (StopDeadline()) {
            RaiseDeadline(ms);
        }
        PG_RE_THROW();
    }
    PG_END_TRY();
    StopDeadline();
}

}  // namespace elile::pg
