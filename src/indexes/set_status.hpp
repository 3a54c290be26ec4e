// Reads what the catalogue says of the index set. Nothing here waits for a lock on a table: a view
// must not queue behind somebody who holds one exclusively. Everything needs a transaction and a
// snapshot.
#pragma once

#include "core/indexes/set.hpp"
#include "pg/postgres.hpp"

namespace elile::indexes {

enum class IndexState {
    kPresent,
    kMissing,
    kBuilding,
    kInvalid,
    kCovered,  // missing, while another valid index serves as well
    kTableMissing,
    kColumnMissing  // or its type does not suit the index
};

// Returns the state's word in index_status.state.
const char* StateName(IndexState state);

struct SetIndexStatus {
    const core::SetIndex* index;
    IndexState state;
    Oid table_oid;          // InvalidOid while the table is missing
    Oid index_oid;          // set if present, building or invalid; whatever its name
    Oid covered_by;         // another valid index, equal or wider; beside a present one too
    bool covers_backwards;  // it would be read backwards
    const char* obstacle;   // palloc'd words: which column is missing or has which type, or who has
                            // the name; else null
};

// The set's tables that `schema` lacks: how many, and their names, palloc'd and separated by
// commas.
struct MissingTables {
    int count;
    const char* names;
};
MissingTables MissingTablesIn(const char* schema);

// Returns a palloc'd array of core::kSetIndexes, in the order of core::kIndexSet.
SetIndexStatus* StatusOfSet(const char* schema);
SetIndexStatus StatusOf(const core::SetIndex& index, const char* schema);

// Returns "create index [concurrently] [name] on schema.table using ...", palloc'd, with names
// quoted. Only under search_path = pg_catalog does it mean what it says. With a null `name` the
// server chooses one.
char* CreateIndexSql(const core::SetIndex& index, const char* name, const char* schema,
                     const char* table, bool concurrently);

// Returns a valid index of the relation with the set index's definition, whatever its name, else
// InvalidOid. Uniqueness has to be the same too. The relation may be any table, a partition for
// instance; its columns are found by name.
Oid MatchingIndex(const core::SetIndex& index, Oid relid);

// Returns null when the set has none of that name.
inline const core::SetIndex* FindInSet(const char* name) { return core::FindInSet(name); }

}  // namespace elile::indexes
