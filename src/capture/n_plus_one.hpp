// Finds the N+1 patterns of this session in what its statements at top level do.
#pragma once

#include "capture/execution.hpp"

namespace elile::capture {

// An execution with at least this many rows may be part of a pattern. It is 0 while a loop may be
// under way, UINT64_MAX where none is looked for. Only n_plus_one.cpp writes it.
extern uint64 loop_rows_from;

// Shows the detector an execution that succeeded and has just been counted. To be called when it
// had at least loop_rows_from rows. Leaves nothing in the current memory context.
void FollowLoop(const Execution& execution, const QueryDesc& query);

// Whether this utility ends a client's loop, as the end of its transaction or session does.
bool EndsLoop(const Node& utility);

// Ends the patterns that are open. Touches memory only, except where a line is due in the log.
void EndLoop();

}  // namespace elile::capture
