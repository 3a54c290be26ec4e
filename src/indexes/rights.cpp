#include "indexes/rights.hpp"

#include "pg/compat.hpp"

namespace elile::indexes {
namespace {

bool MayIndex(Oid table, Oid userid) {
    return pg::OwnsTable(table, userid) && pg::MayCreateIn(get_rel_namespace(table), userid);
}

}  // namespace

void RequireRightToIndex(Oid table, Oid userid) {
    if (!pg::OwnsTable(table, userid)) {
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(table));
    }
    const Oid schema = get_rel_namespace(table);
    if (!pg::MayCreateIn(schema, userid)) {
        aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, get_namespace_name(schema));
    }
}

Oid OwnerOf(Oid relation) {
    Oid owner = InvalidOid;
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (HeapTupleIsValid(tuple)) {
        owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
        ReleaseSysCache(tuple);
    }
    return owner;
}

Oid BuilderOf(Oid table, Oid asker) {
    const Oid owner = OwnerOf(table);
    if (!superuser_arg(asker) || !OidIsValid(owner)) {
        return asker;
    }
    const List* parts = get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE
                            ? find_all_inheritors(table, NoLock, nullptr)
                            : list_make1_oid(table);
    const ListCell* cell = nullptr;
    foreach (cell, parts) {
        if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(lfirst_oid(cell))) &&
            !MayIndex(lfirst_oid(cell), owner)) {
            return asker;
        }
    }
    return owner;
}

}  // namespace elile::indexes
