// The N+1 patterns of this session, from what its statements at top level do.
#pragma once

#include "capture/execution.hpp"

namespace elile::capture {

// Of a plan that has just been counted as done. Called for one with at least
// Settings::n_plus_one_from rows, which is 0 while a loop may be under way. Leaves nothing in the
// current memory context.
void FollowLoop(const Execution& execution, const QueryDesc& query);

// Whether a client ends its loop by this utility: with the transaction or the session.
bool EndsLoop(const Node& utility);

// What was found has ended. Memory only, but for a line in the log.
void EndLoop();

}  // namespace elile::capture
