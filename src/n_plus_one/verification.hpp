// Both forms of a pattern, run read-only and compared.
#pragma once

#include "n_plus_one/rewrite.hpp"

namespace elile::n_plus_one {

// Values as texts, by the number of their parameter - 1 or, of keys, row by row; null for null.
struct Texts {
    const char* const* of;
    int count;
    bool given;
};

struct Request {
    Known parent;  // without a text for none
    Known child;
    Texts keys;  // one of each key for each run; not given: those of the parent's rows
    Texts parent_parameters;
    Texts child_parameters;
    int timeout_ms;  // of each form
};

struct Verified {
    const char* form;
    const char* statement;
    uint64 keys;
    uint64 rows_one_by_one;
    uint64 rows_at_once;
    bool same_rows;
    double one_by_one_ns;  // in the server: what the round trips take comes on top
    double at_once_ns;
};

struct Verification {
    static constexpr int kMost = 2;
    Verified of[kMost];
    int count;
};

// As the current user and in its search_path. Raises an error for what is no SELECT that can be
// repeated, for values that are missing, at the time-out, and whatever the statements raise.
Verification Verify(const Request& request);

}  // namespace elile::n_plus_one
