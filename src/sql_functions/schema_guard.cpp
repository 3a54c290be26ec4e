// The extension's script calls these functions. They check the schema that it is about to fill, the
// rights on what it has made, and the library.
#include "sql_functions/common.hpp"

namespace elile::sql_functions {
namespace {

void RequireScript() {
    if (!creating_extension) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("this function is for the extension's script")));
    }
}

// Returns the schema of the function that was called.
Oid OwnSchema(FunctionCallInfo fcinfo) { return get_func_namespace(fcinfo->flinfo->fn_oid); }

bool IsTrusted(Oid role) {
    return role == GetUserId() || (OidIsValid(role) && superuser_arg(role));
}

const char* RoleName(Oid role) {
    return OidIsValid(role) ? GetUserNameFromId(role, false) : "public";
}

[[noreturn]] void Refuse(Oid schema, const char* detail) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("schema \"%s\" is not safe to create the extension in",
                           get_namespace_name(schema)),
                    errdetail_internal("%s", detail),
                    errhint("Drop or rename the schema: CREATE EXTENSION makes one of its own.")));
}

// A schema's owner may rename and replace it, and drop what is in it.
void RequireTrustedOwner(Oid schema, const FormData_pg_namespace& form) {
    if (!IsTrusted(form.nspowner)) {
        Refuse(schema, psprintf("It belongs to role \"%s\", which is no superuser.",
                                RoleName(form.nspowner)));
    }
}

// A role that may create in the schema can add an overload that fits a call better.
void RequireNoOtherCreators(Oid schema, HeapTuple tuple, Oid owner) {
    bool is_null = false;
    const Datum rights = SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl, &is_null);
    if (is_null) {
        return;
    }
    const Acl* acl = DatumGetAclP(rights);
    for (int at = 0; at < ACL_NUM(acl); ++at) {
        const AclItem& item = ACL_DAT(acl)[at];
        if ((ACLITEM_GET_PRIVS(item) & ACL_CREATE) != 0 && item.ai_grantee != owner &&
            !IsTrusted(item.ai_grantee)) {
            Refuse(schema,
                   psprintf("Role \"%s\" may create objects in it.", RoleName(item.ai_grantee)));
        }
    }
}

// Returns the owner of an object. InvalidOid: none is recorded, as for objects of the bootstrap
// superuser.
Oid OwnerOf(Oid catalog, Oid object) {
    Oid owner = InvalidOid;
    Relation owners = table_open(SharedDependRelationId, AccessShareLock);
    ScanKeyData keys[3];
    ScanKeyInit(&keys[0], Anum_pg_shdepend_dbid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(MyDatabaseId));
    ScanKeyInit(&keys[1], Anum_pg_shdepend_classid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(catalog));
    ScanKeyInit(&keys[2], Anum_pg_shdepend_objid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(object));
    SysScanDesc scan =
        systable_beginscan(owners, SharedDependDependerIndexId, true, nullptr, 3, keys);
    HeapTuple tuple = nullptr;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        const auto* form = reinterpret_cast<Form_pg_shdepend>(GETSTRUCT(tuple));
        if (form->deptype == SHARED_DEPENDENCY_OWNER) {
            owner = form->refobjid;
        }
    }
    systable_endscan(scan);
    table_close(owners, AccessShareLock);
    return owner;
}

// Another role's function, operator or type could take part in what the script makes.
void RequireNoOthersObjects(Oid schema) {
    Relation members = table_open(DependRelationId, AccessShareLock);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(NamespaceRelationId));
    ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(schema));
    SysScanDesc scan = systable_beginscan(members, DependReferenceIndexId, true, nullptr, 2, keys);
    HeapTuple tuple = nullptr;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        const auto* form = reinterpret_cast<Form_pg_depend>(GETSTRUCT(tuple));
        const Oid owner = OwnerOf(form->classid, form->objid);
        if (OidIsValid(owner) && !IsTrusted(owner)) {
            const ObjectAddress object = {form->classid, form->objid, 0};
            Refuse(schema, psprintf("It has an object of role \"%s\": %s.", RoleName(owner),
                                    getObjectDescription(&object, false)));
        }
    }
    systable_endscan(scan);
    table_close(members, AccessShareLock);
}

// Returns statements that revoke whatever was granted to others on a relation; default privileges
// grant so.
List* Revocations(Oid relid) {
    bool is_null = false;
    List* statements = NIL;
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
    if (!HeapTupleIsValid(tuple)) {
        elog(ERROR, "there is no relation %u", relid);
    }
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    const char* name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
                                                  get_rel_name(relid));
    const Datum rights = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &is_null);
    const Acl* acl = is_null ? nullptr : DatumGetAclPCopy(rights);
    ReleaseSysCache(tuple);
    for (int at = 0; acl != nullptr && at < ACL_NUM(acl); ++at) {
        const Oid grantee = ACL_DAT(acl)[at].ai_grantee;
        if (grantee != owner) {
            const char* role = OidIsValid(grantee) ? quote_identifier(RoleName(grantee)) : "public";
            statements = lappend(statements, psprintf("revoke all on %s from %s", name, role));
        }
    }
    return statements;
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_require_safe_schema, kStrict, VOIDOID) {
    RequireScript();
    const Oid schema = OwnSchema(fcinfo);
    HeapTuple tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
    if (!HeapTupleIsValid(tuple)) {
        elog(ERROR, "there is no schema %u", schema);
    }
    const auto& form = *reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple));
    RequireTrustedOwner(schema, form);
    RequireNoOtherCreators(schema, tuple, form.nspowner);
    ReleaseSysCache(tuple);
    RequireNoOthersObjects(schema);
    PG_RETURN_VOID();
}

ELILE_SQL_FUNCTION(elile_revoke_from_others, kStrict, VOIDOID, REGCLASSOID) {
    RequireScript();
    const List* statements = Revocations(PG_GETARG_OID(0));
    SPI_connect();
    const ListCell* cell = nullptr;
    foreach (cell, statements) {
        const auto* statement = static_cast<const char*>(lfirst(cell));
        if (SPI_execute(statement, false, 0) != SPI_OK_UTILITY) {
            elog(ERROR, "could not run \"%s\"", statement);
        }
    }
    SPI_finish();
    PG_RETURN_VOID();
}

ELILE_SQL_FUNCTION(elile_require_library, kStrict, VOIDOID, TEXTOID) {
    pg::RequireLibrary(text_to_cstring(PG_GETARG_TEXT_PP(0)));
    PG_RETURN_VOID();
}
