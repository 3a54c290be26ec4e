#include "indexes/set_status.hpp"

#include "indexes/shape_reader.hpp"
#include "pg/session_table.hpp"

namespace elile::indexes {
namespace {

// Names types as the server's errors write them.
const char* NeedInWords(core::ColumnNeed need) {
    switch (need) {
        case core::ColumnNeed::kOrdered:
            return "a type that btree can order";
        case core::ColumnNeed::kJsonb:
            return "jsonb";
        case core::ColumnNeed::kText:
            return "text, character varying or character";
        case core::ColumnNeed::kNumber:
            return "real, double precision or numeric";
        default:
            return "boolean";
    }
}

bool IsSuitable(core::ColumnNeed need, Oid type) {
    const Oid base = getBaseType(type);
    switch (need) {
        case core::ColumnNeed::kOrdered:
            return OidIsValid(GetDefaultOpClass(type, BTREE_AM_OID));
        case core::ColumnNeed::kJsonb:
            return base == JSONBOID;
        case core::ColumnNeed::kText:
            return base == TEXTOID || base == VARCHAROID || base == BPCHAROID;
        case core::ColumnNeed::kNumber:
            return base == FLOAT4OID || base == FLOAT8OID || base == NUMERICOID;
        default:
            return base == BOOLOID;
    }
}

// Returns why this column keeps the index off the relation; null when it does not.
char* ObstacleOf(const core::SetColumn& column, Oid relid) {
    const AttrNumber number = get_attnum(relid, column.name);
    if (number <= 0) {
        return psprintf("column \"%s\" does not exist", column.name);
    }
    const Oid type = get_atttype(relid, number);
    if (!OidIsValid(type) || IsSuitable(column.need, type)) {
        return nullptr;
    }
    return psprintf("column \"%s\" has type %s instead of %s", column.name, format_type_be(type),
                    NeedInWords(column.need));
}

char* ObstacleOf(const core::SetIndex& index, Oid relid) {
    char* obstacle = nullptr;
    for (size_t at = 0; at < index.Columns() && obstacle == nullptr; ++at) {
        obstacle = ObstacleOf(index.columns[at], relid);
    }
    if (obstacle == nullptr && index.predicate.kind != core::PredicateKind::kNone) {
        obstacle = ObstacleOf(index.predicate.column, relid);
    }
    return obstacle;
}

bool IsTable(Oid relid) {
    const char kind = get_rel_relkind(relid);
    return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE;
}

bool IsBeingBuilt(Oid index) {
    pg::SessionLook look;
    for (int place = 0; place < look.Places(); ++place) {
        pg::SessionSlot slot;
        const PgBackendStatus& session = slot.status;
        if (look.Read(place, &slot) == pg::SlotReading::kRead &&
            session.st_progress_command == PROGRESS_COMMAND_CREATE_INDEX &&
            session.st_databaseid == MyDatabaseId &&
            session.st_progress_param[PROGRESS_CREATEIDX_INDEX_OID] == static_cast<int64>(index)) {
            return true;
        }
    }
    return false;
}

// Looks for the best of the index: a valid one, then one that is being built, then any.
void FindOwn(const FoundIndexes& found, const core::IndexShape& wanted, Oid of_that_name,
             SetIndexStatus* status) {
    status->state = IndexState::kMissing;
    for (int at = 0; at < found.count; ++at) {
        const FoundIndex& index = found.index[at];
        const bool is_same = core::SameButUnique(index.shape, wanted);
        if (index.shape.is_valid) {
            // A unique index does all that the other one would.
            if (is_same && (status->state != IndexState::kPresent || index.oid == of_that_name)) {
                status->state = IndexState::kPresent;
                status->index_oid = index.oid;
            }
        } else if ((is_same || index.oid == of_that_name) &&
                   (status->state == IndexState::kMissing ||
                    status->state == IndexState::kInvalid)) {
            status->state = IsBeingBuilt(index.oid) ? IndexState::kBuilding : IndexState::kInvalid;
            status->index_oid = index.oid;
        }
    }
}

// Prefers an equal index to a wider one, and an older one to a younger.
void FindCovering(const FoundIndexes& found, const core::IndexShape& wanted,
                  SetIndexStatus* status) {
    for (int at = 0; at < found.count; ++at) {
        const FoundIndex& index = found.index[at];
        const core::Service service = core::Serves(index.shape, wanted);
        if (index.oid == status->index_oid || service == core::Service::kNone) {
            continue;
        }
        const bool is_equal = core::SameButUnique(index.shape, wanted);
        if (is_equal || !OidIsValid(status->covered_by)) {
            status->covered_by = index.oid;
            status->covers_backwards = service == core::Service::kBackwards;
        }
        if (is_equal) {
            return;
        }
    }
}

void LookAt(SetIndexStatus* status, Oid schema) {
    const core::SetIndex& index = *status->index;
    const Oid relid = get_relname_relid(index.table, schema);
    if (!OidIsValid(relid)) {
        return;
    }
    if (!IsTable(relid)) {
        status->obstacle = psprintf("\"%s\" is not a table", index.table);
        return;
    }
    status->table_oid = relid;
    status->obstacle = ObstacleOf(index, relid);
    if (status->obstacle != nullptr) {
        status->state = IndexState::kColumnMissing;
        return;
    }
    const core::IndexShape wanted = ShapeOnRelation(index, relid);
    const FoundIndexes found = IndexesOf(relid);
    const Oid of_that_name = get_relname_relid(index.name, schema);
    FindOwn(found, wanted, of_that_name, status);
    FindCovering(found, wanted, status);
    if (status->state == IndexState::kMissing) {
        if (OidIsValid(status->covered_by)) {
            status->state = IndexState::kCovered;
        }
        if (OidIsValid(of_that_name)) {
            status->obstacle = psprintf("the name \"%s\" is taken by another relation", index.name);
        }
    }
}

SetIndexStatus StatusIn(const core::SetIndex& index, Oid schema) {
    SetIndexStatus status = {};
    status.index = &index;
    status.state = IndexState::kTableMissing;
    if (OidIsValid(schema)) {
        LookAt(&status, schema);
    }
    return status;
}

void AppendPredicate(StringInfo sql, const core::SetPredicate& predicate) {
    if (predicate.kind == core::PredicateKind::kNone) {
        return;
    }
    appendStringInfo(sql, " where %s", quote_identifier(predicate.column.name));
    if (predicate.kind == core::PredicateKind::kAtLeast) {
        appendStringInfo(sql, " >= %g", predicate.bound);
    } else if (predicate.kind == core::PredicateKind::kOneOf) {
        const char* separator = " in (";
        for (size_t at = 0; at < predicate.Strings(); ++at) {
            appendStringInfo(sql, "%s'%s'", separator, predicate.strings[at].data());
            separator = ", ";
        }
        appendStringInfoChar(sql, ')');
    }
}

}  // namespace

const char* StateName(IndexState state) {
    switch (state) {
        case IndexState::kPresent:
            return "present";
        case IndexState::kMissing:
            return "missing";
        case IndexState::kBuilding:
            return "building";
        case IndexState::kInvalid:
            return "invalid";
        case IndexState::kCovered:
            return "covered";
        case IndexState::kTableMissing:
            return "table missing";
        default:
            return "column missing";
    }
}

MissingTables MissingTablesIn(const char* schema) {
    const Oid oid = get_namespace_oid(schema, true);
    int count = 0;
    StringInfoData names;
    initStringInfo(&names);
    for (const char* table : core::kSetTableNames) {
        if (!OidIsValid(oid) || !IsTable(get_relname_relid(table, oid))) {
            appendStringInfo(&names, "%s%s", count > 0 ? ", " : "", table);
            ++count;
        }
    }
    return {count, names.data};
}

SetIndexStatus* StatusOfSet(const char* schema) {
    const Oid oid = get_namespace_oid(schema, true);
    auto* all = static_cast<SetIndexStatus*>(palloc(sizeof(SetIndexStatus) * core::kSetIndexes));
    for (size_t at = 0; at < core::kSetIndexes; ++at) {
        all[at] = StatusIn(core::kIndexSet[at], oid);
    }
    return all;
}

SetIndexStatus StatusOf(const core::SetIndex& index, const char* schema) {
    return StatusIn(index, get_namespace_oid(schema, true));
}

char* CreateIndexSql(const core::SetIndex& index, const char* name, const char* schema,
                     const char* table, bool concurrently) {
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(&sql, "create index %s%s%son %s using %s (",
                     concurrently ? "concurrently " : "",
                     name != nullptr ? quote_identifier(name) : "", name != nullptr ? " " : "",
                     quote_qualified_identifier(schema, table),
                     index.method == core::IndexMethod::kGin ? "gin" : "btree");
    for (size_t at = 0; at < index.Columns(); ++at) {
        appendStringInfo(&sql, "%s%s%s", at > 0 ? ", " : "",
                         quote_identifier(index.columns[at].name),
                         index.columns[at].descending ? " desc" : "");
    }
    appendStringInfoChar(&sql, ')');
    AppendPredicate(&sql, index.predicate);
    return sql.data;
}

Oid MatchingIndex(const core::SetIndex& index, Oid relid) {
    if (ObstacleOf(index, relid) != nullptr) {
        return InvalidOid;
    }
    const core::IndexShape wanted = ShapeOnRelation(index, relid);
    const FoundIndexes found = IndexesOf(relid);
    for (int at = 0; at < found.count; ++at) {
        if (found.index[at].shape.is_valid && core::Same(found.index[at].shape, wanted)) {
            return found.index[at].oid;
        }
    }
    return InvalidOid;
}

}  // namespace elile::indexes
