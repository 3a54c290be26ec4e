#include "capture/entries.hpp"

#include "capture/origin.hpp"
#include "capture/query_text.hpp"
#include "capture/table_index.hpp"
#include "core/segment.hpp"
#include "core/shared/hash.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/store.hpp"
#include "store/own_database.hpp"

namespace elile::capture {

core::KnownStatement known_statements[kKnown];

namespace {

// The context is kept, since making one costs more than storing a new statement does.
MemoryContext Scratch() {
    static MemoryContext scratch = nullptr;
    if (scratch == nullptr) {
        scratch = AllocSetContextCreate(TopMemoryContext, "elile_optimize new statement",
                                        ALLOCSET_DEFAULT_SIZES);
    }
    return scratch;
}

}  // namespace

uint64 HashUtility(const Source& source, uint64 id) {
    MemoryContext caller = MemoryContextSwitchTo(Scratch());
    const uint64 hash = HashTokens(source.string, source.location, source.length);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(Scratch());
    return hash != 0 ? hash : core::Mix(id) | 1;
}

core::Handle MakeEntry(const core::StatementKey& key, const core::Target& target,
                       core::StatementOrigin origin, const Source& source) {
    core::StatementStore* store = store::SharedStore();
    core::TextPool& texts = store::SharedSegment()->texts;
    core::NewEntry entry{target, 0, static_cast<uint64>(GetCurrentTimestamp()), origin};
    if (!key.unidentified && source.string != nullptr) {
        MemoryContext caller = MemoryContextSwitchTo(Scratch());
        const QueryText text = NormaliseQuery(source.string, source.location, source.length);
        entry.text =
            texts.Store({text.text, text.length}, static_cast<uint32>(GetDatabaseEncoding()));
        if (text.cut) {
            texts.NoteCut();
        }
        MemoryContextSwitchTo(caller);
        MemoryContextReset(Scratch());
    }
    return store->Insert(key, entry);
}

core::KnownStatement FindOrMake(const core::StatementKey& key, const Source& source,
                                const TargetRelation& target, const PlannedStmt* plan) {
    store::NoteOwnDatabase();
    SettleNames();
    core::StatementStore* store = store::SharedStore();
    const core::Target stored{TableIndexOf(target.relid), target.operation, key.toplevel};
    core::KnownStatement statement{key, target.relid, kTellsNothing,
                                   {},  stored,       core::StatementOrigin::kApplication};
    statement.key.table = stored.table;
    statement.handle = store->Find(statement.key);
    if (!statement.handle.IsValid()) {
        if (plan != nullptr && !key.unidentified) {
            statement.origin = OriginOfPlan(*plan);
        }
        statement.handle = MakeEntry(statement.key, stored, statement.origin, source);
        return statement;
    }
    statement.origin = store->OriginOf(statement.handle);
    if (key.text_hash != 0) {
        statement.key.queryid = store->QueryIdOf(statement.handle);
    }
    return statement;
}

}  // namespace elile::capture
