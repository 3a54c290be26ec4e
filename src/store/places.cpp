#include "store/places.hpp"

#include "core/segment.hpp"
#include "core/shared/gate.hpp"
#include "core/shared/table_directory.hpp"
#include "core/statements/table.hpp"
#include "pg/clock.hpp"
#include "store/shared_store.hpp"

namespace elile::store {
namespace {

constexpr uint32 kFreedAtOnce = 64;
constexpr uint32 kMostLooks = 1000;

core::Segment& Shared() { return *SharedSegment(); }

// Whether pg_class has a row with this key that is there for anybody, the transactions that are not
// yet over included: what they make may be in use already.
template <typename IsIt>
bool IsInClass(Oid index, AttrNumber column, RegProcedure equal, Datum value, IsIt is_it) {
    SnapshotData anybodys;
    InitDirtySnapshot(anybodys);
    ScanKeyData key;
    ScanKeyInit(&key, column, BTEqualStrategyNumber, equal, value);
    Relation relation = table_open(RelationRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(relation, index, true, &anybodys, 1, &key);
    bool found = false;
    HeapTuple row = nullptr;
    while (!found && HeapTupleIsValid(row = systable_getnext(scan))) {
        found = is_it(*reinterpret_cast<Form_pg_class>(GETSTRUCT(row)));
    }
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    return found;
}

bool IsTemporaryTable(const core::TableNames& names) {
    NameData name = {};
    strlcpy(NameStr(name), names.table, NAMEDATALEN);
    return IsInClass(
        ClassNameNspIndexId, Anum_pg_class_relname, F_NAMEEQ, NameGetDatum(&name),
        [](const FormData_pg_class& row) { return row.relpersistence == RELPERSISTENCE_TEMP; });
}

// A name that an application reported need not be any table's, so it stays.
bool IsGone(uint32 table) {
    const core::TableKey key = Shared().tables.KeyOf(table);
    if (OidIsValid(key.relid)) {
        return !SearchSysCacheExists1(RELOID, ObjectIdGetDatum(key.relid)) &&
               !IsInClass(ClassOidIndexId, Anum_pg_class_oid, F_OIDEQ, ObjectIdGetDatum(key.relid),
                          [](const FormData_pg_class&) { return true; });
    }
    core::TableNames names;
    uint32 encoding = 0;
    return Shared().tables.Read(table, &names, &encoding) &&
           strcmp(names.schema, kTemporarySchema) == 0 && !IsTemporaryTable(names);
}

bool Free(const uint32* gone, uint32 count) {
    constexpr int kTries = 1000;
    bool freed = false;
    for (int left = kTries; left > 0 && !freed; --left) {
        freed = Shared().TryFreeTables({gone, count});
    }
    return freed;
}

// Folds what the freed tables' entries have counted, so that the entries come free too.
void FoldSome() {
    constexpr int kTimes = 8;
    for (int left = kTimes; left > 0; --left) {
        Shared().statements.Fold();
    }
}

void FreeTablesOf(Oid dbid) {
    const core::TableDirectory& tables = Shared().tables;
    uint32 gone[kFreedAtOnce];
    uint32 count = 0;
    const uint32 end = tables.End();
    for (uint32 index = 1; index < end; ++index) {
        if (tables.IsUsed(index) && tables.KeyOf(index).dbid == dbid) {
            gone[count++] = tables.At(index);
        }
        if (count == kFreedAtOnce || (index + 1 == end && count > 0)) {
            Free(gone, count);
            count = 0;
        }
    }
}

bool IsDatabase(Oid dbid) { return SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(dbid)); }

// Nobody can look at what was counted in a database that is gone, so it is forgotten.
void ForgetDatabase(Oid dbid) {
    constexpr int kTries = 1000;
    bool forgotten = false;
    for (int left = kTries; left > 0 && !forgotten; --left) {
        forgotten = Shared().TryReset({0, dbid, 0}, static_cast<uint64>(GetCurrentTimestamp()));
    }
    if (forgotten) {
        FreeTablesOf(dbid);
    }
}

// Each look goes on behind the one before.
bool FreeTablesThatAreGone() {
    static uint32 hand = 0;
    const core::TableDirectory& tables = Shared().tables;
    uint32 gone[kFreedAtOnce];
    uint32 count = 0;
    const uint32 end = tables.End();
    for (uint32 step = 0; step < Min(end, kMostLooks) && count < kFreedAtOnce; ++step) {
        hand = (hand + 1) % end;
        const uint32 table = tables.At(hand);
        const Oid dbid = tables.KeyOf(table).dbid;
        if (!OidIsValid(dbid) || !tables.IsUsed(hand)) {
            continue;
        }
        if (dbid != MyDatabaseId && !IsDatabase(dbid)) {
            ForgetDatabase(dbid);
        } else if (dbid == MyDatabaseId && IsGone(table)) {
            gone[count++] = table;
        }
    }
    return (count > 0 && Free(gone, count)) || !tables.IsFull();
}

}  // namespace

void SettleDatabases() {
    core::TableDirectory& databases = Shared().databases;
    for (uint32 index = 1; index < databases.End(); ++index) {
        const uint32 database = databases.At(index);
        const Oid dbid = databases.KeyOf(database).dbid;
        core::TableNames names;
        uint32 encoding = 0;
        if (!databases.IsUsed(index) || !databases.Read(database, &names, &encoding)) {
            continue;
        }
        HeapTuple row = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(dbid));
        if (!HeapTupleIsValid(row)) {
            ForgetDatabase(dbid);
            if (databases.Retire(database)) {
                databases.Recycle(index);
            }
            continue;
        }
        const char* name = NameStr(reinterpret_cast<Form_pg_database>(GETSTRUCT(row))->datname);
        if (strcmp(name, names.table) != 0) {
            core::CopyName(names.table, name);
            databases.Rename(database, names, encoding);
        }
        ReleaseSysCache(row);
    }
}

uint32 InsertTable(const core::TableKey& key, const core::TableNames& names) {
    core::TableDirectory& tables = Shared().tables;
    if (tables.IsFull() && tables.Find(key) == core::kNoIndex) {
        MakeRoomForTables();
    }
    return tables.Insert(key, names, static_cast<uint32>(GetDatabaseEncoding()));
}

void MakeRoomForTables() {
    constexpr uint64 kShare = 20;
    static uint64 next_ns = 0;
    static uint64 doubts = 0;
    if (!IsTransactionState() || IsAbortedTransactionBlockState()) {
        return;
    }
    const uint64 began_ns = pg::MonotonicNs();
    const uint64 doubts_now = core::Get(Shared().tables.Doubts());
    if (began_ns < next_ns && doubts_now == doubts) {
        return;
    }
    doubts = doubts_now;
    SettleDatabases();
    if (FreeTablesThatAreGone()) {
        FoldSome();
    } else {
        const uint64 ended_ns = pg::MonotonicNs();
        next_ns = ended_ns + kShare * (ended_ns - began_ns);
    }
}

}  // namespace elile::store
