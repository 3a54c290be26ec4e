// Suggests what a person could send instead of an N+1 pattern: one statement for all rows of the
// parent.
#pragma once

#include "core/n_plus_one/pattern.hpp"
#include "pg/postgres.hpp"

namespace elile::n_plus_one {

struct Suggestion {
    // The text is in the current memory context and the database's encoding, at most
    // core::kMaxSuggestionBytes long. It is SQL with the words in comments, so that all of it can
    // be pasted. Null when nothing could be done now: ask again at a later execution.
    const char* text;
    core::Evidence evidence;
    // Costs in the planner's units, 0 unless planned: the child's times `runs`, and that of the
    // first suggested statement for as many keys.
    double cost_before;
    double cost_after;
};

// A pattern's normalised texts as the store has them, terminated, in the database's encoding, and
// the identifiers of what was executed.
struct Pattern {
    const char* parent;
    uint64 parent_queryid;
    const char* child;
    uint64 child_queryid;
    uint64 changing;  // the child's parameters that change, as core::BitOfParameter(); 0 unknown
};

// Suggests what to send for the pattern, with costs for so many runs of the child. To be called
// inside a transaction, in the session that has just run both, as the user who did. Names are
// resolved, and statements planned, in its search_path and with its rights. A text that is not here
// and now what was executed is not planned. It works in a subtransaction and waits for no lock
// longer than 1 ms. It executes nothing, is counted nowhere, and raises no error but out of memory.
Suggestion Suggest(const Pattern& pattern, double runs);

}  // namespace elile::n_plus_one
