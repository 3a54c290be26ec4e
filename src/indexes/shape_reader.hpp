// Shapes of indexes out of the catalogue, without a lock on a table or index: what is dropped
// meanwhile is not there.
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
    bool enforces_more;  // than a plain unique index: exclusion, at commit, of nulls
};

struct FoundIndexes {
    FoundIndex* index;  // palloc'd, by oid
    int count;
};

// All indexes of a relation, invalid ones too.
FoundIndexes IndexesOf(Oid relid);

// The set index's shape on this relation. Its columns must be there and suitable.
core::IndexShape ShapeOnRelation(const core::SetIndex& index, Oid relid);

}  // namespace elile::indexes
