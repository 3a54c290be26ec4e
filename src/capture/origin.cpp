#include "capture/origin.hpp"

namespace elile::capture {
namespace {

constexpr const char* kExtension = "elile_optimize";  // the schema's name too

// The extension's functions, by what a plan has of the functions that it calls.
constexpr int kMostFunctions = 256;
struct OwnFunctions {
    bool is_known;
    int count;
    uint32 hashes[kMostFunctions];
};
OwnFunctions own_functions;

void ForgetOwnFunctions() { own_functions.is_known = false; }

void WatchFunctions() {
    static bool is_watched = false;
    if (!is_watched) {
        is_watched = true;
        CacheRegisterSyscacheCallback(
            PROCOID, [](Datum, auto, uint32) { ForgetOwnFunctions(); }, 0);
    }
}

void FindOwnFunctions(Oid extension) {
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(ExtensionRelationId));
    ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(extension));
    Relation members = table_open(DependRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(members, DependReferenceIndexId, true, nullptr, 2, keys);
    HeapTuple tuple = nullptr;
    while ((tuple = systable_getnext(scan)) != nullptr && own_functions.count < kMostFunctions) {
        const auto* member = reinterpret_cast<const FormData_pg_depend*>(GETSTRUCT(tuple));
        if (member->classid == ProcedureRelationId && member->deptype == DEPENDENCY_EXTENSION) {
            own_functions.hashes[own_functions.count++] =
                GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(member->objid));
        }
    }
    systable_endscan(scan);
    table_close(members, AccessShareLock);
}

bool IsOwnFunction(uint32 hash) {
    WatchFunctions();
    if (!own_functions.is_known) {
        own_functions.count = 0;
        own_functions.is_known = true;  // a change that comes meanwhile takes it back
        const Oid extension = get_extension_oid(kExtension, true);
        if (OidIsValid(extension)) {
            FindOwnFunctions(extension);
        }
    }
    for (int at = 0; at < own_functions.count; ++at) {
        if (own_functions.hashes[at] == hash) {
            return true;
        }
    }
    return false;
}

// A plan lists each function that it calls and that is not the server's own, also one that was put
// in line.
bool CallsOwnFunction(const PlannedStmt& plan) {
    ListCell* cell = nullptr;
    foreach (cell, plan.invalItems) {
        const auto* item = lfirst_node(PlanInvalItem, cell);
        if (static_cast<int>(item->cacheId) == PROCOID && IsOwnFunction(item->hashValue)) {
            return true;
        }
    }
    return false;
}

}  // namespace

// The range table has the views too. The plan's list of relations is no help: it has those that
// literals of type regclass name, which a query on the catalogue has of the application's.
core::StatementOrigin OriginOfPlan(const PlannedStmt& plan) {
    bool reads_catalogue = false;
    bool reads_own = false;
    Oid own_schema = InvalidOid;
    ListCell* cell = nullptr;
    foreach (cell, plan.rtable) {
        const Oid relid = lfirst_node(RangeTblEntry, cell)->relid;
        if (!OidIsValid(relid)) {
            continue;
        }
        if (relid < FirstNormalObjectId) {
            reads_catalogue = true;
            continue;
        }
        own_schema = OidIsValid(own_schema) ? own_schema : get_namespace_oid(kExtension, true);
        if (!OidIsValid(own_schema) || get_rel_namespace(relid) != own_schema) {
            return core::StatementOrigin::kApplication;
        }
        reads_own = true;
    }
    if (reads_own || CallsOwnFunction(plan)) {
        return core::StatementOrigin::kOwn;
    }
    return reads_catalogue ? core::StatementOrigin::kCatalogue
                           : core::StatementOrigin::kApplication;
}

}  // namespace elile::capture
