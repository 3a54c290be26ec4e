// The N+1 patterns of this session, from what its statements at top level do.
#pragma once

#include "capture/execution.hpp"

namespace elile::capture {

// The rows from which on an execution may be part of a pattern: 0 while a loop may be under way,
// UINT64_MAX where none is looked for. Nobody else writes it.
extern uint64 loop_rows_from;

// Of a plan that has just been counted as done. Called for one with at least loop_rows_from rows.
// Leaves nothing in the current memory context.
void FollowLoop(const Execution& execution, const QueryDesc& query);

// Whether a client ends its loop by this utility: with the transaction or the session.
bool EndsLoop(const Node& utility);

// What was found has ended. Memory only, but for a line in the log.
void EndLoop();

}  // namespace elile::capture
