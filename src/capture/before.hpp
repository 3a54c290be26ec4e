// Tells how long a client waited for a statement before its plan ran: for parse analysis, locks,
// planning and the executor's start.
//
// The server notes when it read a message, by the wall clock. The session keeps the difference to
// the monotonic clock. No clock is read for a statement that ended sooner after the one before than
// the threshold, for it cannot be slow.
#pragma once

#include "pg/clock.hpp"
#include "pg/postgres.hpp"
#include "pg/settings.hpp"

namespace elile::capture {

struct Execution;

// When a statement at top level stopped running last in this session, monotonic; 0 for none. In a
// string of several, the next one begins there.
inline uint64 last_ended_ns = 0;

// The last planning at top level that succeeded, in ticks of the processor.
struct Planned {
    pg::Ticks began;
    pg::Ticks ended;
};
inline Planned last_planned = {};

// Begins the count of ticks. To be called once, before any session begins.
void WatchTicks();

// Measures the difference of the clocks anew. To be called now and then.
void RenewClocks();

// To be called once it is `now_ns` and a run at top level has ended or failed that may be slow.
// Notes what passed before the first one. The statement before ended at `since_ns`. Touches memory
// only.
void NoteBefore(Execution* execution, uint64 since_ns, uint64 now_ns);

// To be called as a later run at top level begins, which another message asked for. Adds what
// passed before it since that message.
void NoteBeforeAgain(Execution* execution);

struct Waited {
    uint64 waited_ns;
    uint64 planned_ns;  // the planner's part
};
// Returns how long the client has waited for what failed before it ran, perhaps in planning.
Waited WaitedUntil(uint64 now_ns);

// To be called where something at top level ended that is not counted.
inline void NoteUncountedEnd() { last_ended_ns = pg::MonotonicNs(); }

}  // namespace elile::capture
