// Indexes that another makes needless, or that nobody uses.
#pragma once

#include "core/indexes/shape.hpp"
#include "pg/postgres.hpp"

namespace elile::indexes {

struct RedundantIndex {
    Oid table;
    Oid index;
    Oid kept;                 // InvalidOid: none, it is not used
    core::Redundancy reason;  // kNone: it is not used
    bool is_backwards;        // `kept` would be read backwards
    int64 bytes;              // -1: locked exclusively
    int idle_days;            // without a scan
};

// A List of palloc'd RedundantIndex: of all tables of this database but the system's and temporary
// ones, by the names of table and index.
List* RedundantIndexes();

}  // namespace elile::indexes
