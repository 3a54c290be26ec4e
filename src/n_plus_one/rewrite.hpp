// Rewrites a child statement to be sent once for all keys.
#pragma once

#include "n_plus_one/shared_key.hpp"

namespace elile::n_plus_one {

// The parameters that change from one execution of the child to the next, by their values or, where
// these are not known, as far as texts tell.
struct KeySet {
    static constexpr int kMost = 8;
    Key of[kMost];
    int shared[kMost];  // the parent's output column that has the key; 0 unknown
    int count;
    bool some_stay;  // other parameters are taken to stay as they are

    const Key* Find(int parameter) const;
    bool AreShared() const;
};

// Texts are null where there is no such form. Each text was analysed, so it is valid here and now.
struct Rewrites {
    const char* refusal;         // why there is no form at all; else null
    const char* parent_refusal;  // why the parent cannot be joined with; else null
    const char* obstacle;        // why at_once is no `= any`; else null
    Statement parent;            // without a query when it cannot be joined with
    Statement child;
    // The child's text with a parameter in place of a key that it computed; null where it computes
    // none. All else here is made of this text.
    const char* plain_child;
    KeySet keys;
    bool limit_dropped;        // at_once has no LIMIT, since each key has at most one row
    const char* at_once;       // the child for arrays of keys, by the numbers of its own parameters
    int at_once_before;        // number of columns in at_once before the child's own
    const Oid* at_once_types;  // of its parameters, for AnalyseTyped()
    // One statement for parent and child, which has each parent's row, with null where it has no
    // child. Its parameters are the parent's, then those of the child's that are no keys.
    const char* joined;
    const Oid* joined_types;
    int joined_parameters;
};

// The parent's text may be null. `changing` are the child's parameters that change, as
// core::BitOfParameter(); 0 unknown. Raises the errors of parser and analysis.
Rewrites Rewrite(const Known& parent, const Known& child, uint64 changing);

// These analyse the forms with the types that Rewrite() chose.
Statement AnalyseAtOnce(const Rewrites& rewrites);
Statement AnalyseJoined(const Rewrites& rewrites);

// Returns at_once with `count` parameters for each list, so that the planner sees how many there
// are.
const char* WithListsOf(const Rewrites& rewrites, int count);

const char* ArrayTypeName(Oid element);

}  // namespace elile::n_plus_one
