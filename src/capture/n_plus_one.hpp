// Finds the N+1 patterns of this session in what its statements at top level do.
#pragma once

#include "capture/execution.hpp"
#include "core/n_plus_one/suspects.hpp"

namespace elile::capture {

// An execution with at least this many rows may be part of a pattern. It is 0 while a loop may be
// under way, UINT64_MAX where none is looked for. Only n_plus_one.cpp writes it.
extern uint64 loop_rows_from;

// Shows the detector an execution that succeeded and has just been counted. To be called when it
// had at least loop_rows_from rows. Leaves nothing in the current memory context.
void FollowLoop(const Execution& execution, const QueryDesc& query);

// The statements whose rows are to be looked at, by queryid % core::kSuspects. WatchLoops() sets
// it.
extern const core::Word* loop_suspects;

// To be called before anything runs that is to be counted.
void WatchLoops();

// Whether the rows of this statement may be those of a loop's parent. It is on each execution's
// way.
inline bool IsSuspect(uint64 queryid) {
    return core::Get(loop_suspects[queryid % core::kSuspects]) == queryid;
}

// Has the rows of a suspect looked at while it runs, where it may be a parent: then it returns
// true, and EndSeeing() is to be called.
bool SeesRowsOf(const Execution& execution, QueryDesc* query);

// Whether this utility may end a client's loop, as the end of its transaction or session does.
bool EndsLoop(const Node& utility);

// Ends the patterns that are open, or with a transaction's command those that it ends. Touches
// memory only, except where a line is due in the log.
void EndLoop(const Node* utility = nullptr);

}  // namespace elile::capture
