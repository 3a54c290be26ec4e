#include "indexes/rights.hpp"

#include "pg/compat.hpp"

namespace elile::indexes {

void RequireRightToIndex(Oid table) {
    if (!pg::OwnsTable(table, GetUserId())) {
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(table));
    }
    const Oid schema = get_rel_namespace(table);
    if (!pg::MayCreateIn(schema, GetUserId())) {
        aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, get_namespace_name(schema));
    }
}

}  // namespace elile::indexes
