// Finds indexes that another one makes needless, or that nobody uses.
#pragma once

#include "core/indexes/shape.hpp"
#include "pg/postgres.hpp"

namespace elile::indexes {

struct RedundantIndex {
    Oid table;
    Oid index;
    Oid kept;                 // InvalidOid: none; the index is not used
    core::Redundancy reason;  // kNone: the index is not used
    bool is_backwards;        // `kept` would be read backwards
    int64 bytes;              // -1: locked exclusively
    int idle_days;            // whole days without a scan
};

// Returns a List of palloc'd RedundantIndex, grouped by table. It covers all tables of this
// database but the system's and temporary ones.
List* RedundantIndexes();

}  // namespace elile::indexes
