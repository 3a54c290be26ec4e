// Runs both forms of a pattern read-only and compares them.
#pragma once

#include "n_plus_one/rewrite.hpp"

namespace elile::n_plus_one {

// Holds values as texts, null for null. Parameters are in the order of their numbers, keys row by
// row.
struct Texts {
    const char* const* of;
    int count;
    bool given;
};

struct Request {
    Known parent;  // its text is null for none
    Known child;
    uint64 changing;  // the child's parameters that change; 0 unknown
    Texts keys;       // a value of each key for each run; if not given, the parent's rows tell them
    Texts parent_parameters;
    Texts child_parameters;
    int timeout_ms;  // for each form
};

struct Verified {
    const char* form;
    const char* statement;
    uint64 keys;
    uint64 rows_one_by_one;
    uint64 rows_at_once;
    bool same_rows;
    double one_by_one_ns;  // in the server, without the round trips
    double at_once_ns;
};

struct Verification {
    static constexpr int kMost = 2;
    Verified of[kMost];
    int count;
};

// Runs as the current user and in its search_path. Raises an error for what is no SELECT that can
// be repeated, for values that are missing, at the time-out, and whatever the statements raise.
Verification Verify(const Request& request);

}  // namespace elile::n_plus_one
