#include "indexes/journal_table.hpp"

#include "pg/own_version.hpp"

namespace elile::indexes {
namespace {

constexpr const char* kTable = "index_build_journal";
constexpr const char* kMakeAnew =
    "As a superuser: DROP EXTENSION elile_optimize, then CREATE EXTENSION elile_optimize.";

// The name only leads to a table: membership makes it the extension's.
Oid MemberTable(const pg::OwnExtension& extension) {
    const Oid relid = get_relname_relid(kTable, extension.schema);
    return OidIsValid(relid) && getExtensionOfObject(RelationRelationId, relid) == extension.oid
               ? relid
               : InvalidOid;
}

bool IsSuperuser(Oid role) { return OidIsValid(role) && superuser_arg(role); }

bool OthersMayWrite(Oid relid, Oid owner) {
    bool is_null = false;
    bool others = false;
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
    if (!HeapTupleIsValid(tuple)) {
        return true;
    }
    const Datum rights = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &is_null);
    if (!is_null) {
        const Acl* acl = DatumGetAclP(rights);
        for (int at = 0; at < ACL_NUM(acl); ++at) {
            const AclItem& item = ACL_DAT(acl)[at];
            others = others || (item.ai_grantee != owner && !IsSuperuser(item.ai_grantee) &&
                                (ACLITEM_GET_PRIVS(item) & ~ACL_SELECT) != 0);
        }
    }
    ReleaseSysCache(tuple);
    return others;
}

JournalTable Unsafe(const char* reason, const char* hint = kMakeAnew) {
    return {JournalState::kUnsafe, InvalidOid, InvalidOid, reason, hint};
}

struct JournalColumn {
    const char* name;
    Oid type;
};

// Statements of this library name these columns.
constexpr JournalColumn kColumns[] = {
    {"id", INT8OID},
    {"name", NAMEOID},
    {"schema_name", NAMEOID},
    {"table_name", NAMEOID},
    {"table_oid", OIDOID},
    {"userid", OIDOID},
    {"state", TEXTOID},
    {"cancel", BOOLOID},
    {"phase", TEXTOID},
    {"attempts", INT4OID},
    {"index_oid", OIDOID},
    {"not_before", TIMESTAMPTZOID},
    {"requested_at", TIMESTAMPTZOID},
    {"started_at", TIMESTAMPTZOID},
    {"finished_at", TIMESTAMPTZOID},
    {"error", TEXTOID},
    {"calls_before", INT8OID},
    {"p95_before", FLOAT8OID},
    {"counts_then", INT8ARRAYOID},
    {"stats_since", TIMESTAMPTZOID},
};

// Returns a column that is missing, or null. Where one is, the extension's objects are of another
// version.
const JournalColumn* MissingColumn(Oid relid) {
    for (const JournalColumn& column : kColumns) {
        const AttrNumber number = get_attnum(relid, column.name);
        if (number == InvalidAttrNumber || get_atttype(relid, number) != column.type) {
            return &column;
        }
    }
    return nullptr;
}

// Refuses a table that would run somebody else's code, or hold rows of somebody else's.
JournalTable LookAt(Oid relid) {
    Relation relation = table_open(relid, NoLock);
    const FormData_pg_class& form = *relation->rd_rel;
    const Oid owner = form.relowner;
    const bool is_plain = form.relkind == RELKIND_RELATION &&
                          form.relpersistence == RELPERSISTENCE_PERMANENT && !form.relispartition &&
                          !form.relhassubclass;
    const bool is_quiet =
        relation->trigdesc == nullptr && relation->rd_rules == nullptr && !form.relrowsecurity;
    table_close(relation, NoLock);
    if (!is_plain) {
        return Unsafe("It is no plain table.");
    }
    if (!IsSuperuser(owner)) {
        return Unsafe("It belongs to a role that is no superuser.");
    }
    if (!is_quiet) {
        return Unsafe("It has triggers, rules or row security.",
                      "It must have none, foreign keys to it included.");
    }
    if (OthersMayWrite(relid, owner)) {
        return Unsafe("Others than its owner may do more than read it.",
                      "Revoke what was granted on it, except SELECT.");
    }
    if (const JournalColumn* column = MissingColumn(relid); column != nullptr) {
        return Unsafe(psprintf("It has no column \"%s\" of type %s. %s", column->name,
                               format_type_be(column->type), pg::VersionsHere()),
                      pg::VersionHint());
    }
    return {JournalState::kUsable, relid, owner, nullptr, nullptr};
}

}  // namespace

JournalTable LockJournal() {
    const pg::OwnExtension before = pg::FindOwnExtension();
    if (!OidIsValid(before.oid)) {
        return {JournalState::kNone, InvalidOid, InvalidOid, nullptr, nullptr};
    }
    const Oid relid = MemberTable(before);
    if (OidIsValid(relid)) {
        LockRelationOid(relid, RowExclusiveLock);
    }
    const pg::OwnExtension extension = pg::FindOwnExtension();
    if (!IsSuperuser(extension.owner)) {
        return Unsafe("The extension belongs to a role that is no superuser.");
    }
    if (!OidIsValid(relid) || MemberTable(extension) != relid) {
        return Unsafe("The extension has no table of this name in its schema.");
    }
    return LookAt(relid);
}

JournalTable RequireJournal() {
    const JournalTable journal = LockJournal();
    if (journal.state == JournalState::kNone) {
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT),
                 errmsg("extension \"%s\" does not exist in this database", pg::kExtension)));
    }
    if (journal.state == JournalState::kUnsafe) {
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("table \"%s\" is not as the extension made it: nothing is done with it",
                        kTable),
                 errdetail_internal("%s", journal.reason), errhint("%s", journal.hint)));
    }
    return journal;
}

}  // namespace elile::indexes
