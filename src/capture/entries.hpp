// From a statement to its entry in the store, which each session looks up once.
#pragma once

#include "capture/target.hpp"
#include "core/statements/statement.hpp"
#include "pg/postgres.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {

// A statement's text: `length` bytes of `string` from `location`; 0 means to the end.
struct Source {
    const char* string;
    int location;
    int length;
};

// The identity of what this session's current user runs.
inline core::StatementKey KeyFor(uint64 queryid, bool toplevel) {
    return {queryid, GetUserId(), MyDatabaseId, toplevel, false};
}

// Of executions without an identifier: they are kept by operation and table, which needs no
// catalogue.
inline core::StatementKey UnidentifiedKeyFor(const TargetRelation& target, bool toplevel) {
    const uint64 number = uint64{target.relid} << 8 | static_cast<uint64>(target.operation);
    return {number, GetUserId(), MyDatabaseId, toplevel, true};
}

// The statement's entry, made with text and names when it is new. An invalid handle when the store
// had none free.
core::Handle MakeEntry(const core::StatementKey& key, const core::Target& target,
                       const Source& source);

// The statement with its entry; with an invalid handle when it has none.
core::KnownStatement FindStatement(const core::StatementKey& key);
// Makes its entry. An error when memory is short.
core::KnownStatement MakeStatement(const core::StatementKey& key, const TargetRelation& target,
                                   const Source& source);

// The statement and its entry, found or made. `target_of()` is asked only when it is made: it looks
// at the plan, which may be cold.
template <typename TargetOfIt>
core::KnownStatement FindOrMake(const core::StatementKey& key, const Source& source,
                                TargetOfIt target_of) {
    const core::KnownStatement known = FindStatement(key);
    return known.handle.IsValid() ? known : MakeStatement(key, target_of(), source);
}

// What this session knows of the statements that it ran last.
constexpr uint64 kKnown = 4096;  // a power of two
extern core::KnownStatement known_statements[kKnown];

// The place for an identified statement; what is known there may be of another.
inline core::KnownStatement& KnownPlaceOf(uint64 queryid, bool toplevel) {
    return known_statements[(queryid ^ (toplevel ? 1 : 0)) & (kKnown - 1)];
}

// Whether an entry is known that was the statement's own a moment ago.
inline bool IsKnown(const core::StatementStore& store, const core::KnownStatement& known,
                    uint64 queryid, Oid userid, bool toplevel) {
    return known.key.queryid == queryid && known.key.userid == userid &&
           known.key.toplevel == toplevel && store.IsLive(known.handle);
}

}  // namespace elile::capture
