#include "n_plus_one/shared_key.hpp"

namespace elile::n_plus_one {
namespace {

struct Column {
    Oid relid;
    AttrNumber attribute;

    bool operator==(const Column&) const = default;
};

// The foreign keys of which a column is part, each with the column to which it refers there.
struct References {
    static constexpr int kMost = 8;
    Column to[kMost];
    int count;

    bool Has(const Column& column) const {
        for (int at = 0; at < count; ++at) {
            if (to[at] == column) {
                return true;
            }
        }
        return false;
    }
};

References ReferencesOf(const Column& column) {
    References references = {{}, 0};
    if (!OidIsValid(column.relid)) {
        return references;
    }
    Relation table = relation_open(column.relid, AccessShareLock);
    ListCell* cell = nullptr;
    foreach (cell, RelationGetFKeyList(table)) {
        const auto* key = static_cast<const ForeignKeyCacheInfo*>(lfirst(cell));
        for (int at = 0; at < key->nkeys && references.count < References::kMost; ++at) {
            if (key->conkey[at] == column.attribute) {
                references.to[references.count++] = {key->confrelid, key->confkey[at]};
            }
        }
    }
    relation_close(table, NoLock);
    return references;
}

// Whether other columns of the output have the column's name, so that it cannot be referred to.
bool IsNameShared(const Query& query, const TargetEntry& column) {
    int bearers = 0;
    ListCell* cell = nullptr;
    foreach (cell, query.targetList) {
        const auto* other = lfirst_node(TargetEntry, cell);
        bearers += !other->resjunk && strcmp(other->resname, column.resname) == 0 ? 1 : 0;
    }
    return bearers != 1;
}

bool IsLikelyReference(const Column& from, const Column& to, Oid type) {
    if (!OidIsValid(from.relid) || !OidIsValid(to.relid)) {
        return false;
    }
    const char* name = get_attname(from.relid, from.attribute, true);
    const char* other = get_attname(to.relid, to.attribute, true);
    return name != nullptr && other != nullptr && strcmp(name, other) == 0 &&
           get_atttype(to.relid, to.attribute) == type && IsUniqueColumn(to.relid, to.attribute) &&
           !IsUniqueColumn(from.relid, from.attribute);
}

enum class Kinship { kNone, kByName, kSameReference, kForeignKey };

Kinship KinshipOf(const Column& key, const References& of_key, const Column& output,
                  const Key& described) {
    if (!OidIsValid(output.relid) || !OidIsValid(key.relid)) {
        return Kinship::kNone;
    }
    const References of_output = ReferencesOf(output);
    if (key == output || of_key.Has(output) || of_output.Has(key)) {
        return Kinship::kForeignKey;
    }
    for (int at = 0; at < of_key.count; ++at) {
        if (of_output.Has(of_key.to[at])) {
            return Kinship::kSameReference;
        }
    }
    return IsLikelyReference(key, output, described.column->vartype) ? Kinship::kByName
                                                                     : Kinship::kNone;
}

}  // namespace

int SharedColumn(const Statement& parent, const Key& key) {
    if (key.column == nullptr) {
        return 0;
    }
    const Column column = {key.relid, key.attribute};
    const References references = ReferencesOf(column);
    int shared = 0;
    Kinship closest = Kinship::kNone;
    ListCell* cell = nullptr;
    foreach (cell, parent.query->targetList) {
        const auto* output = lfirst_node(TargetEntry, cell);
        CHECK_FOR_INTERRUPTS();
        if (output->resjunk) {
            continue;
        }
        const Kinship kinship =
            KinshipOf(column, references, {output->resorigtbl, output->resorigcol}, key);
        // This comes last, since it looks at all columns.
        if (kinship > closest && !IsNameShared(*parent.query, *output)) {
            closest = kinship;
            shared = output->resno;
        }
    }
    return shared;
}

const char* OutputName(const Statement& statement, int column) {
    return quote_identifier(
        list_nth_node(TargetEntry, statement.query->targetList, column - 1)->resname);
}

}  // namespace elile::n_plus_one
