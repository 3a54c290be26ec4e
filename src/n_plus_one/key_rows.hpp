// Lists the values of a child's keys, each once.
#pragma once

#include "n_plus_one/rewrite.hpp"

namespace elile::n_plus_one {

Datum ValueOf(const char* text, Oid type);

// One value of each key.
struct KeyRow {
    const char* const* texts;
    const Datum* values;
    uint64 copies;  // how often it was given
};

struct KeyRows {
    KeyRow* of;
    int count;
    uint64 without_key;  // rows with a null
};

// Each of `rows` is an array of texts, one for each key, null for null.
KeyRows MakeKeyRows(const KeySet& keys, const List* rows);

}  // namespace elile::n_plus_one
