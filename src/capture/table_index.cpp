#include "capture/table_index.hpp"

#include "capture/relations.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "store/places.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

// A table that this session looked up; forgotten when it, an ancestor or a schema changes.
struct KnownTable {
    Oid relid;
    uint32 table;
};

constexpr uint32 kKnownTables = 64;  // a power of two
KnownTable known_tables[kKnownTables];

core::TableDirectory& Tables() { return store::SharedSegment()->tables; }

Oid TopmostParent(Oid relid) {
    if (!get_rel_relispartition(relid)) {
        return relid;
    }
    List* ancestors = get_partition_ancestors(relid);
    ListCell* cell = nullptr;
    foreach (cell, ancestors) {
        NoteAncestor(lfirst_oid(cell));
    }
    const Oid top = ancestors != NIL ? llast_oid(ancestors) : relid;
    list_free(ancestors);
    return top;
}

// Names that this transaction may yet take back are nobody else's business. The table is doubted
// until the session has such a transaction behind it.
bool MayTellNames() { return !TransactionIdIsValid(GetTopTransactionIdIfAny()); }

// Another table that the directory has under these names has lost or changed its own.
void DoubtNamesakes(const core::TableNames& names, uint32 table) {
    core::TableDirectory& tables = Tables();
    for (uint32 index = 1; index < tables.End(); ++index) {
        const uint32 other = tables.At(index);
        const core::TableKey key = tables.KeyOf(other);
        core::TableNames names_of_other;
        uint32 encoding = 0;
        if (other != table && key.dbid == MyDatabaseId && OidIsValid(key.relid) &&
            tables.IsUsed(index) && tables.Read(other, &names_of_other, &encoding) &&
            memcmp(&names_of_other, &names, sizeof(names)) == 0) {
            Doubt(key.relid);
        }
    }
}

void TellNames(Oid relid, uint32 table, const core::TableNames& names, bool is_new) {
    core::TableNames stored;
    uint32 encoding = 0;
    const bool is_same =
        Tables().Read(table, &stored, &encoding) && memcmp(&stored, &names, sizeof(names)) == 0;
    if (table == core::kOtherTables || (is_same && !is_new)) {
        return;
    }
    if (!MayTellNames()) {
        Doubt(relid);
        return;
    }
    if (!is_same) {
        Tables().Rename(table, names, static_cast<uint32>(GetDatabaseEncoding()));
    }
    DoubtNamesakes(names, table);
}

// Returns false where there is no such relation. A temporary table has a name only.
bool NamesFromCatalogue(Oid relid, core::TableNames* names, bool* is_temporary) {
    const Oid schema = get_rel_namespace(relid);
    const char* table_name = get_rel_name(relid);
    const char* schema_name = get_namespace_name_or_temp(schema);
    if (table_name == nullptr || schema_name == nullptr) {
        return false;
    }
    NoteSchema(schema);
    *is_temporary = strcmp(schema_name, store::kTemporarySchema) == 0;
    core::CopyName(names->schema, schema_name);
    core::CopyName(names->table, table_name);
    return true;
}

uint32 TableFromCatalogue(Oid relid) {
    const Oid top = TopmostParent(relid);
    core::TableNames names;
    bool is_temporary = false;
    if (!NamesFromCatalogue(top, &names, &is_temporary)) {
        return NoTable();
    }
    if (is_temporary) {
        return store::InsertTable(
            {MyDatabaseId, InvalidOid, core::TableDirectory::HashNames(names)}, names);
    }
    const core::TableKey key{MyDatabaseId, top, 0};
    const bool is_new = Tables().Find(key) == core::kNoIndex;
    const uint32 table = store::InsertTable(key, names);
    TellNames(top, table, names, is_new);
    return table;
}

void SettleNamesOf(Oid relid) {
    const uint32 table = Tables().Find({MyDatabaseId, relid, 0});
    core::TableNames names;
    bool is_temporary = false;
    if (table != core::kNoIndex && NamesFromCatalogue(relid, &names, &is_temporary)) {
        TellNames(relid, table, names, true);
    }
}

}  // namespace

void ForgetTables() { memset(known_tables, 0, sizeof(known_tables)); }

void ForgetTable(Oid relid) {
    KnownTable& known = known_tables[relid & (kKnownTables - 1)];
    if (known.relid == relid) {
        known = {};
    }
}

void SettleNames() {
    constexpr int kAtOnce = 64;
    WatchCatalogue();
    if (!IsTransactionState() || IsAbortedTransactionBlockState() || !MayTellNames()) {
        return;
    }
    for (int left = kAtOnce; left > 0; --left) {
        const Oid relid = TakeDoubted();
        if (!OidIsValid(relid)) {
            break;
        }
        SettleNamesOf(relid);
    }
}

uint32 NoTable() {
    static uint32 none = core::kOtherTables;
    if (none == core::kOtherTables || !Tables().IsCurrent(none)) {
        none = TableIndexOf("", "");
    }
    return none;
}

uint32 TableIndexOf(Oid relid) {
    if (!OidIsValid(relid)) {
        return NoTable();
    }
    KnownTable& known = known_tables[relid & (kKnownTables - 1)];
    if (known.relid == relid && Tables().IsCurrent(known.table)) {
        return known.table;
    }
    WatchCatalogue();
    const uint32 changes = catalogue_changes;
    const uint32 table = TableFromCatalogue(relid);
    // Where there was no room it is asked for again, since the directory counts that.
    if (table != core::kOtherTables && changes == catalogue_changes) {
        known = {relid, table};
    }
    return table;
}

uint32 TableIndexOf(const char* schema, const char* table) {
    core::TableNames names;
    core::CopyName(names.schema, schema);
    core::CopyName(names.table, table);
    return store::InsertTable({MyDatabaseId, InvalidOid, core::TableDirectory::HashNames(names)},
                              names);
}

}  // namespace elile::capture
