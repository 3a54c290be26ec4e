// What a person could send instead of an N+1 pattern: one statement for all rows of the parent.
#pragma once

#include "core/n_plus_one/table.hpp"
#include "pg/postgres.hpp"

namespace elile::n_plus_one {

struct Suggestion {
    // In the current memory context and the database's encoding, at most core::kMaxSuggestionBytes:
    // SQL with the words in comments, so that all of it can be pasted. Null when nothing could be
    // done now: ask again at a later execution.
    const char* text;
    core::Evidence evidence;
    // In the planner's units, 0 unless planned: the child's cost times `runs`, and the cost of the
    // first suggested statement for that many keys.
    double cost_before;
    double cost_after;
};

// `parent` and `child`: normalised texts as the store has them, terminated, in the database's
// encoding, and what they were executed as. What they are not here and now is not planned. To be
// called inside a transaction, in the session that has just run both, as the user who did: names
// are resolved, and statements planned, in its search_path and with its rights. It works in a
// subtransaction, waits for no lock longer than 1 ms, executes nothing, is counted nowhere, and
// raises nothing but out of memory.
struct Pattern {
    const char* parent;
    uint64 parent_queryid;
    const char* child;
    uint64 child_queryid;
};
Suggestion Suggest(const Pattern& pattern, double runs);

}  // namespace elile::n_plus_one
