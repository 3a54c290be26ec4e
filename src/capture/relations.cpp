#include "capture/relations.hpp"

#include "capture/entries.hpp"
#include "capture/table_index.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {

uint32 catalogue_changes = 0;

namespace {

constexpr uint32 kDependencies = 16384;
constexpr uint32 kChains = 4096;  // a power of two
constexpr uint32 kAncestorPlace = kKnown;
constexpr int kDoubted = 32;

// A relation with something that rests on it. Links are a place plus one; 0 ends the list.
struct Dependency {
    Oid relid;
    uint16 place;  // of those statements that the session knows, or kAncestorPlace
    uint16 next;
};
static_assert(kDependencies <= UINT16_MAX && kAncestorPlace <= UINT16_MAX);

Dependency dependencies[kDependencies];
uint16 chains[kChains];
uint16 spare = 0;        // those that were used and forgotten
uint32 used_before = 0;  // all from here on were never used

uint64 schemas = 0;  // bit h % 64 is set for each schema with hash h

Oid doubted[kDoubted];
int doubted_count = 0;

uint16& ChainOf(Oid relid) { return chains[murmurhash32(relid) & (kChains - 1)]; }

void ForgetAll() {
    memset(static_cast<void*>(known_statements), 0, sizeof(known_statements));
    memset(chains, 0, sizeof(chains));
    spare = 0;
    used_before = 0;
    ForgetTables();
}

void Forget(const Dependency& dependency) {
    if (dependency.place == kAncestorPlace) {
        ForgetTables();
    } else {
        known_statements[dependency.place].handle = {};
    }
}

// A relation on which nothing rests costs one look, since other sessions' temporary tables send
// thousands of these.
void ForgetRelation(Oid relid) {
    uint16* link = &ChainOf(relid);
    while (*link != 0) {
        const uint16 at = *link;
        Dependency& dependency = dependencies[at - 1];
        if (dependency.relid == relid) {
            Forget(dependency);
            *link = dependency.next;
            dependency.next = spare;
            spare = at;
        } else {
            link = &dependency.next;
        }
    }
}

// Touches memory only: the server calls it wherever it takes a lock, and in aborts.
void OnRelationChange(Datum, Oid relid) {
    ++catalogue_changes;
    if (!OidIsValid(relid)) {
        ForgetAll();
        return;
    }
    ForgetRelation(relid);
    ForgetTable(relid);
    core::TableDirectory& tables = store::SharedSegment()->tables;
    if (tables.Find({MyDatabaseId, relid, 0}) != core::kNoIndex) {
        Doubt(relid);
        core::Add(tables.Doubts(), 1);
    }
}

void OnSchemaChange(uint32 hash) {
    ++catalogue_changes;
    if (hash == 0 || (schemas >> hash % 64 & 1) != 0) {
        ForgetAll();
    }
}

void Add(Oid relid, uint32 place) {
    uint16 at = spare;
    if (at != 0) {
        spare = dependencies[at - 1].next;
    } else {
        if (used_before == kDependencies) {
            ++catalogue_changes;
            ForgetAll();
        }
        at = static_cast<uint16>(++used_before);
    }
    uint16& chain = ChainOf(relid);
    dependencies[at - 1] = {relid, static_cast<uint16>(place), chain};
    chain = at;
}

}  // namespace

void WatchCatalogue() {
    static bool watched = false;
    if (!watched) {
        watched = true;
        CacheRegisterRelcacheCallback(OnRelationChange, 0);
        CacheRegisterSyscacheCallback(
            NAMESPACEOID, [](Datum, auto, uint32 hash) { OnSchemaChange(hash); }, 0);
        CacheRegisterSyscacheCallback(
            DATABASEOID,
            [](Datum, auto, uint32) { core::Add(store::SharedSegment()->databases.Doubts(), 1); },
            0);
    }
}

void NoteRelation(Oid relid, uint32 place) {
    const uint16 first = ChainOf(relid);
    const bool is_noted = first != 0 && dependencies[first - 1].relid == relid &&
                          dependencies[first - 1].place == place;
    if (!is_noted) {
        Add(relid, place);
    }
}

void NoteAncestor(Oid relid) { NoteRelation(relid, kAncestorPlace); }

void NoteSchema(Oid schema) {
    schemas |= UINT64CONST(1) << GetSysCacheHashValue1(NAMESPACEOID, ObjectIdGetDatum(schema)) % 64;
}

Oid TakeDoubted() { return doubted_count > 0 ? doubted[--doubted_count] : InvalidOid; }

void Doubt(Oid relid) {
    for (int at = 0; at < doubted_count; ++at) {
        if (doubted[at] == relid) {
            return;
        }
    }
    if (doubted_count < kDoubted) {
        doubted[doubted_count++] = relid;
    }
}

}  // namespace elile::capture
