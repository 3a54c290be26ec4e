#include "indexes/redundant.hpp"

#include "indexes/shape_reader.hpp"
#include "indexes/usage.hpp"

namespace elile::indexes {
namespace {

bool IsSystemSchema(Oid schema) {
    return IsCatalogNamespace(schema) || IsToastNamespace(schema) || isAnyTempNamespace(schema) ||
           schema == get_namespace_oid("information_schema", true);
}

List* TablesWithIndexes() {
    Relation catalog = table_open(RelationRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 0, nullptr);
    List* tables = NIL;
    HeapTuple tuple = nullptr;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        const auto& table = *reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
        const bool is_table = table.relkind == RELKIND_RELATION ||
                              table.relkind == RELKIND_PARTITIONED_TABLE ||
                              table.relkind == RELKIND_MATVIEW;
        if (is_table && table.relhasindex && !IsSystemSchema(table.relnamespace)) {
            tables = lappend_oid(tables, table.oid);
        }
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return tables;
}

// Returns the columns of each of the table's foreign keys, as a Bitmapset.
List* ForeignKeysOf(Oid table) {
    Relation catalog = table_open(ConstraintRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(table));
    SysScanDesc scan =
        systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true, nullptr, 1, &key);
    List* keys = NIL;
    HeapTuple tuple = nullptr;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        bool is_null = false;
        const Datum columns =
            heap_getattr(tuple, Anum_pg_constraint_conkey, RelationGetDescr(catalog), &is_null);
        if (reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple))->contype != CONSTRAINT_FOREIGN ||
            is_null) {
            continue;
        }
        ArrayType* array = DatumGetArrayTypeP(columns);
        const auto* numbers = reinterpret_cast<const int16*>(ARR_DATA_PTR(array));
        Bitmapset* members = nullptr;
        for (int at = 0; at < ARR_DIMS(array)[0]; ++at) {
            members = bms_add_member(members, numbers[at]);
        }
        keys = lappend(keys, members);
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return keys;
}

// Whether a change of the referenced table would look for rows by this index, as its first columns
// are those of a foreign key.
bool ServesForeignKey(const FoundIndex& index, const List* keys) {
    ListCell* cell = nullptr;
    foreach (cell, keys) {
        const auto* columns = static_cast<const Bitmapset*>(lfirst(cell));
        const auto count = static_cast<size_t>(bms_num_members(columns));
        bool begins = index.shape.method == core::IndexMethod::kBtree &&
                      index.shape.predicate.kind == core::PredicateKind::kNone &&
                      count <= index.shape.key_count;
        for (size_t at = 0; begins && at < count; ++at) {
            begins = bms_is_member(index.shape.keys[at].attribute, columns);
        }
        if (begins) {
            return true;
        }
    }
    return false;
}

// A standing says what depends on an index besides speed, the least first.
enum class Standing { kPlain, kUnique, kConstraint, kPrimaryKey, kPinned };

Standing StandingOf(const FoundIndex& index) {
    if (index.is_clustered || index.is_replica_identity || index.enforces_more ||
        get_index_ref_constraints(index.oid) != NIL) {
        return Standing::kPinned;
    }
    if (index.is_primary) {
        return Standing::kPrimaryKey;
    }
    if (OidIsValid(get_index_constraint(index.oid))) {
        return Standing::kConstraint;
    }
    return index.shape.is_unique ? Standing::kUnique : Standing::kPlain;
}

// A part of a partitioned index cannot be dropped alone.
bool MayGo(const FoundIndex& index, Standing standing) {
    return index.shape.is_valid && standing != Standing::kPinned &&
           !get_rel_relispartition(index.oid);
}

struct Candidate {
    const FoundIndex* index;
    Standing standing;
};

// Of two that make each other needless, the one on which more depends stays, or the older one.
bool Yields(const Candidate& needless, const Candidate& kept) {
    if (core::MakesNeedless(needless.index->shape, kept.index->shape) == core::Redundancy::kNone) {
        return true;
    }
    return needless.standing != kept.standing ? needless.standing < kept.standing
                                              : needless.index->oid > kept.index->oid;
}

struct Keeper {
    const FoundIndex* index;
    core::Redundancy reason;
};

// Prefers an equal index to a longer one, and then the longest.
bool IsBetter(const Keeper& a, const Keeper& b) {
    if (b.index == nullptr || a.reason != b.reason) {
        return b.index == nullptr || a.reason == core::Redundancy::kDuplicate;
    }
    return a.index->shape.key_count > b.index->shape.key_count;
}

Keeper KeeperOf(const Candidate* all, int count, const Candidate& needless) {
    Keeper best = {nullptr, core::Redundancy::kNone};
    for (int at = 0; at < count; ++at) {
        const Keeper keeper = {all[at].index,
                               core::MakesNeedless(all[at].index->shape, needless.index->shape)};
        if (all[at].index != needless.index && keeper.reason != core::Redundancy::kNone &&
            Yields(needless, all[at]) && IsBetter(keeper, best)) {
            best = keeper;
        }
    }
    return best;
}

RedundantIndex* Describe(Oid table, const FoundIndex& index, const Keeper& keeper,
                         const IndexUsage& usage) {
    auto* redundant = static_cast<RedundantIndex*>(palloc0(sizeof(RedundantIndex)));
    redundant->table = table;
    redundant->index = index.oid;
    redundant->reason = keeper.reason;
    if (keeper.index != nullptr) {
        redundant->kept = keeper.index->oid;
        redundant->is_backwards =
            core::Serves(keeper.index->shape, index.shape) == core::Service::kBackwards;
    }
    redundant->bytes = usage.bytes;
    redundant->idle_days = usage.idle_days;
    return redundant;
}

List* AddRedundantOf(Oid table, List* redundant) {
    const FoundIndexes found = IndexesOf(table);
    auto* all =
        static_cast<Candidate*>(palloc(sizeof(Candidate) * static_cast<size_t>(found.count + 1)));
    for (int at = 0; at < found.count; ++at) {
        all[at] = {&found.index[at], StandingOf(found.index[at])};
    }
    const List* foreign_keys = ForeignKeysOf(table);
    for (int at = 0; at < found.count; ++at) {
        CHECK_FOR_INTERRUPTS();
        const FoundIndex& index = found.index[at];
        if (!MayGo(index, all[at].standing)) {
            continue;
        }
        const Keeper keeper = KeeperOf(all, found.count, all[at]);
        if (keeper.index == nullptr &&
            (all[at].standing != Standing::kPlain || ServesForeignKey(index, foreign_keys))) {
            continue;
        }
        const IndexUsage usage = UsageOf(index.oid);
        if (keeper.index != nullptr || usage.idle_days >= kUnusedDays) {
            redundant = lappend(redundant, Describe(table, index, keeper, usage));
        }
    }
    return redundant;
}

}  // namespace

List* RedundantIndexes() {
    List* redundant = NIL;
    ListCell* cell = nullptr;
    foreach (cell, TablesWithIndexes()) {
        CHECK_FOR_INTERRUPTS();
        redundant = AddRedundantOf(lfirst_oid(cell), redundant);
    }
    return redundant;
}

}  // namespace elile::indexes
