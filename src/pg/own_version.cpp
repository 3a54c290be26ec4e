#include "pg/own_version.hpp"

#include <cstdlib>

#include "core/version.hpp"

namespace elile::pg {
namespace {

constexpr const char* kOneBuild =
    "Install library and SQL scripts of one version, restart the server, and create the extension "
    "anew.";

// Compares versions as numbers between dots, so that 1.10 is newer than 1.9. Returns below, at or
// above 0.
int Compare(const char* left, const char* right) {
    while (*left != '\0' || *right != '\0') {
        char* left_end = nullptr;
        char* right_end = nullptr;
        const long left_number = std::strtol(left, &left_end, 10);
        const long right_number = std::strtol(right, &right_end, 10);
        if (left_number != right_number) {
            return left_number < right_number ? -1 : 1;
        }
        if (*left_end != '.' && *right_end != '.') {
            return 0;
        }
        left = *left_end == '.' ? left_end + 1 : "";
        right = *right_end == '.' ? right_end + 1 : "";
    }
    return 0;
}

const char* NewerLibraryHint(const char* version) {
    return psprintf(
        "Install version %s where that is missing, and restart the server: it loads "
        "libraries when it starts.",
        version);
}

bool HasArguments(const Oid* types, int count, std::initializer_list<Oid> expected) {
    if (count != static_cast<int>(expected.size())) {
        return false;
    }
    int at = 0;
    for (const Oid type : expected) {
        if (types[at++] != type) {
            return false;
        }
    }
    return true;
}

// Returns a sentence on the difference, or null where there is none.
const char* DifferenceOf(Oid function, const Declaration& expected) {
    Oid* types = nullptr;
    int count = 0;
    const Oid result = get_func_signature(function, &types, &count);
    if (!HasArguments(types, count, expected.arguments)) {
        return "It has other arguments.";
    }
    if (expected.result != kNamedRow && result != expected.result) {
        return psprintf("It returns %s, and the library %s.", format_type_be(result),
                        format_type_be(expected.result));
    }
    return expected.is_strict && !func_strict(function) ? "It is not declared as strict." : nullptr;
}

}  // namespace

OwnExtension FindOwnExtension() {
    OwnExtension extension = {InvalidOid, InvalidOid, InvalidOid, nullptr};
    Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
                CStringGetDatum(kExtension));
    SysScanDesc scan = systable_beginscan(catalog, ExtensionNameIndexId, true, nullptr, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        const auto* form = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple));
        bool is_null = false;
        const Datum version =
            heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(catalog), &is_null);
        extension = {form->oid, form->extowner, form->extnamespace,
                     is_null ? nullptr : TextDatumGetCString(version)};
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return extension;
}

const char* VersionsHere() {
    const char* objects = FindOwnExtension().version;
    return objects == nullptr
               ? psprintf(
                     "The extension is not in this database; the server's library is of "
                     "version %s.",
                     core::kVersion)
               : psprintf(
                     "The extension's objects in this database are of version %s, the "
                     "server's library is of version %s.",
                     objects, core::kVersion);
}

const char* VersionHint() {
    const char* objects = FindOwnExtension().version;
    if (objects == nullptr) {
        return kOneBuild;
    }
    const int order = Compare(objects, core::kVersion);
    if (order < 0) {
        return "Run ALTER EXTENSION elile_optimize UPDATE.";
    }
    return order > 0 ? NewerLibraryHint(objects) : kOneBuild;
}

const char* Described(FunctionCallInfo call) {
    const Datum name = DirectFunctionCall1(regprocedureout, ObjectIdGetDatum(call->flinfo->fn_oid));
    return psprintf("function %s", DatumGetCString(name));
}

void RaiseOtherVersion(const char* object, const char* difference) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("%s is of another version than the library of extension \"%s\"", object,
                           kExtension),
                    errdetail_internal("%s %s", difference, VersionsHere()),
                    errhint("%s", VersionHint())));
}

void RequireDeclaration(FunctionCallInfo call, const Declaration& expected) {
    const char* difference = DifferenceOf(call->flinfo->fn_oid, expected);
    if (difference != nullptr) {
        RaiseOtherVersion(Described(call), difference);
    }
}

void RequireLibrary(const char* version) {
    if (Compare(version, core::kVersion) > 0) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("extension \"%s\" %s needs the library of this version, and the "
                               "server has loaded version %s",
                               kExtension, version, core::kVersion),
                        errhint("%s", NewerLibraryHint(version))));
    }
}

}  // namespace elile::pg
