// Finds a statement's entry in the store, or makes it. Each session looks an entry up once.
#pragma once

#include "capture/target.hpp"
#include "core/statements/statement.hpp"
#include "core/statements/store.hpp"
#include "pg/postgres.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {

// Where a statement's text lies: `length` bytes of `string` from `location`. Length 0 means to the
// end.
struct Source {
    const char* string;
    int location;
    int length;
};

// The identity of what this session's current user runs.
inline core::StatementKey KeyFor(uint64 queryid, bool toplevel) {
    return {queryid, GetUserId(), MyDatabaseId, toplevel, false};
}

// Executions without an identifier are kept by operation and table. This key needs no catalogue.
inline core::StatementKey UnidentifiedKeyFor(const TargetRelation& target, bool toplevel) {
    const uint64 number = uint64{target.relid} << 8 | static_cast<uint64>(target.operation);
    return {number, GetUserId(), MyDatabaseId, toplevel, true};
}

// Returns a number that is not 0 and the same for all texts that differ in their constants, blanks,
// comments and case only. One that does not scan has a number of its own by its identifier.
uint64 HashUtility(const Source& source, uint64 id);

// Makes the statement's entry, with its text. The handle is invalid when the store had no entry
// free.
core::Handle MakeEntry(const core::StatementKey& key, const core::Target& target,
                       core::StatementOrigin origin, const Source& source);

// Finds the statement's entry or makes it, and the place of its table in the directory. A
// utility gets the identifier that its entry shows. The handle is invalid where no entry was free.
// A new entry's origin is told by the plan, which is null for a utility.
// Raises an error when memory is short.
core::KnownStatement FindOrMake(const core::StatementKey& key, const Source& source,
                                const TargetRelation& target, const PlannedStmt* plan);

// The session remembers the statements that it ran last, each in the place that KnownPlaceOf()
// gives.
constexpr uint64 kKnown = 4096;  // a power of two
extern core::KnownStatement known_statements[kKnown];

// The place for a statement with an identifier. It may hold another statement: IsKnown() tells.
// Statements that have one identifier and other tables have places of their own.
inline core::KnownStatement& KnownPlaceOf(uint64 queryid, Oid first_relation, bool toplevel) {
    const uint64 tables = uint64{first_relation} << 1;
    return known_statements[(queryid ^ tables ^ (toplevel ? 1 : 0)) & (kKnown - 1)];
}

// No relation has this number.
constexpr Oid kTellsNothing = 1;

// Whether `known` is this statement and its entry is still there. The entry may be evicted at any
// time after that. One identifier stands for statements of one shape, so where the first relation
// was the table once, it is so again.
inline bool IsKnown(const core::StatementStore& store, const core::KnownStatement& known,
                    uint64 queryid, Oid first_relation, Oid userid, bool toplevel) {
    return known.key.queryid == queryid && known.first_relation == first_relation &&
           known.key.userid == userid && known.key.toplevel == toplevel &&
           store.IsLive(known.handle);
}

}  // namespace elile::capture
