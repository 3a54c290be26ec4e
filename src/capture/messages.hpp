// Sees how the messages of the extended protocol end, in sessions whose clients use it. No clock is
// read for it: what is kept are ticks of the processor.
#pragma once

#include "pg/clock.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// A Parse message, from its analysis on.
struct ParseMessage {
    uint64 queryid;
    TimestampTz read_at;  // 0: none
    pg::Ticks ended;
};
inline ParseMessage last_parse = {};

// When the executor started a plan at top level last, which is most of what Bind does at its end.
inline pg::Ticks last_started = {};

// Begins to see them. Before it is called no hook is on the way of anything. Returns whether the
// session has seen them already.
bool WatchMessages();

}  // namespace elile::capture
