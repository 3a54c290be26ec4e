#include "sql_functions/common.hpp"

#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "pg/encoding.hpp"

namespace elile::sql_functions {

bool MaySee(Oid userid) {
    return userid == GetUserId() || has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

TableName NameOf(core::Segment& segment, uint32 table) {
    if (table == core::kOtherTables) {
        return {"", "(other)"};
    }
    core::TableDirectory& tables = segment.tables;
    const core::TableKey key = tables.KeyOf(table);
    if (OidIsValid(key.relid) && key.dbid == MyDatabaseId) {
        const char* present = get_rel_name(key.relid);
        const char* schema = get_namespace_name(get_rel_namespace(key.relid));
        if (present != nullptr && schema != nullptr) {
            return {schema, present};
        }
    }
    core::TableNames names;
    uint32 encoding = 0;
    if (!tables.Read(table, &names, &encoding)) {
        return {"", core::kDroppedTables.data()};
    }
    return {pg::ToDatabaseEncoding(names.schema, strnlen(names.schema, NAMEDATALEN), encoding),
            pg::ToDatabaseEncoding(names.table, strnlen(names.table, NAMEDATALEN), encoding)};
}

const char* LabelOf(const TableName& name) {
    if (name.table[0] == '\0') {
        return nullptr;
    }
    if (name.schema[0] == '\0' || strcmp(name.schema, "public") == 0) {
        return name.table;
    }
    return psprintf("%s.%s", name.schema, name.table);
}

const char* OperationName(core::Operation operation) {
    return core::kOperationNames[static_cast<size_t>(operation)].data();
}

}  // namespace elile::sql_functions
