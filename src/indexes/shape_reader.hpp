// Reads shapes of indexes from the catalogue, without a lock on a table or index. An index that is
// dropped meanwhile is left out.
#pragma once

#include "core/indexes/shape.hpp"
#include "pg/postgres.hpp"

namespace elile::indexes {

struct FoundIndex {
    Oid oid;
    core::IndexShape shape;
    bool is_primary;
    bool is_clustered;
    bool is_replica_identity;
    bool enforces_more;  // more than uniqueness: exclusion, deferral, nulls
};

struct FoundIndexes {
    FoundIndex* index;  // palloc'd, by oid
    int count;
};

// Returns all indexes of a relation, invalid ones too.
FoundIndexes IndexesOf(Oid relid);

// Returns the set index's shape on this relation. Its columns must be there and suitable.
core::IndexShape ShapeOnRelation(const core::SetIndex& index, Oid relid);

}  // namespace elile::indexes
