#include "capture/table_index.hpp"

#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

// A table that this session looked up; forgotten when something in the catalogue changes. The
// directory keeps a table for good, so an index stays right.
struct KnownTable {
    Oid relid;
    uint32 index;
};

constexpr uint32 kKnownTables = 64;  // a power of two
KnownTable known_tables[kKnownTables];

void ForgetTables() { memset(known_tables, 0, sizeof(known_tables)); }

void OnRelationChange(Datum, Oid) { ForgetTables(); }

void WatchCatalogue() {
    static bool watched = false;
    if (!watched) {
        CacheRegisterRelcacheCallback(OnRelationChange, 0);
        CacheRegisterSyscacheCallback(
            NAMESPACEOID, [](Datum, auto, uint32) { ForgetTables(); }, 0);
        watched = true;
    }
}

Oid TopmostParent(Oid relid) {
    if (!get_rel_relispartition(relid)) {
        return relid;
    }
    List* ancestors = get_partition_ancestors(relid);
    const Oid top = ancestors != NIL ? llast_oid(ancestors) : relid;
    list_free(ancestors);
    return top;
}

uint32 IndexFromCatalogue(Oid relid) {
    const Oid top = TopmostParent(relid);
    char* table = get_rel_name(top);
    char* schema = get_namespace_name_or_temp(get_rel_namespace(top));
    if (table == nullptr || schema == nullptr) {
        return TableIndexOf("", "");
    }
    if (strcmp(schema, "pg_temp") == 0) {
        return TableIndexOf(schema, table);
    }
    core::TableNames names;
    core::CopyName(names.schema, schema);
    core::CopyName(names.table, table);
    core::TableDirectory& tables = store::SharedSegment()->tables;
    const auto encoding = static_cast<uint32>(GetDatabaseEncoding());
    const uint32 index = tables.Insert({MyDatabaseId, top, 0}, names, encoding);
    core::TableNames stored;
    uint32 stored_encoding = 0;
    if (index != core::kOtherTables && tables.Read(index, &stored, &stored_encoding) &&
        memcmp(&stored, &names, sizeof(names)) != 0) {
        tables.Rename(index, names, encoding);
    }
    return index;
}

}  // namespace

uint32 TableIndexOf(Oid relid) {
    if (!OidIsValid(relid)) {
        return TableIndexOf("", "");
    }
    KnownTable& known = known_tables[relid & (kKnownTables - 1)];
    if (known.relid != relid) {
        WatchCatalogue();
        const uint32 index = IndexFromCatalogue(relid);
        if (index == core::kOtherTables) {
            return index;  // asked for again, since the directory counts what it has no room for
        }
        known = {relid, index};
    }
    return known.index;
}

uint32 TableIndexOf(const char* schema, const char* table) {
    core::TableNames names;
    core::CopyName(names.schema, schema);
    core::CopyName(names.table, table);
    const core::TableKey key{MyDatabaseId, InvalidOid, core::TableDirectory::HashNames(names)};
    return store::SharedSegment()->tables.Insert(key, names,
                                                 static_cast<uint32>(GetDatabaseEncoding()));
}

}  // namespace elile::capture
