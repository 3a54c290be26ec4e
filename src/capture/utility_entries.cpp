#include "capture/utility_entries.hpp"

#include "capture/entries.hpp"
#include "core/segment.hpp"
#include "core/shared/hash.hpp"
#include "core/statements/utility_ids.hpp"
#include "pg/compat.hpp"

namespace elile::capture {
namespace {

struct KnownUtility {
    uint64 id;  // as the server gave it for the text with its constants
    Oid relid;  // the table to which the utility belongs
    core::KnownStatement statement;
};

// The session remembers the utilities that it ran last. It has places of its own, for a loop over
// values fills them with identifiers that never come again.
constexpr uint64 kKnownUtilities = 512;  // a power of two
KnownUtility known_utilities[kKnownUtilities];

core::UtilityIds& Ids() { return store::SharedSegment()->utility_ids; }

// pg_stat_statements takes a utility's identifier away before it passes the utility on, and from a
// cached plan for good. It is computed again as the server has computed it.
uint64 IdOf(const PlannedStmt& statement, const char* source) {
    if (statement.queryId != 0 || source == nullptr) {
        return static_cast<uint64>(statement.queryId);
    }
    auto* query = makeNode(Query);
    query->commandType = CMD_UTILITY;
    query->utilityStmt = statement.utilityStmt;
    query->stmt_location = statement.stmt_location;
    query->stmt_len = statement.stmt_len;
    const uint64 id = pg::IdentifierOf(query, source);
    pfree(query);
    return id;
}

// FETCH and MOVE read for the cursor, whose query is not seen otherwise. The rows that a cursor
// kept at its transaction's end were read then.
TargetRelation TargetOfUtility(const Node& utility) {
    constexpr TargetRelation kNone{InvalidOid, core::Operation::kUtility};
    if (!IsA(&utility, FetchStmt)) {
        return kNone;
    }
    Portal portal = GetPortalByName(reinterpret_cast<const FetchStmt&>(utility).portalname);
    const PlannedStmt* plan =
        PortalIsValid(portal) && portal->stmts != NIL ? PortalGetPrimaryStmt(portal) : nullptr;
    return plan != nullptr && plan->commandType != CMD_UTILITY ? TargetOf(*plan) : kNone;
}

// Utilities of one text may belong to several tables. Each table has an entry then.
uint64 IdentityOf(uint64 text_hash, const TargetRelation& target) {
    return OidIsValid(target.relid) ? core::Mix(text_hash ^ target.relid) | 1 : text_hash;
}

bool IsKnownUtility(const KnownUtility& known, uint64 id, Oid relid, bool toplevel) {
    const core::StatementKey& key = known.statement.key;
    return known.id == id && known.relid == relid && key.userid == GetUserId() &&
           key.toplevel == toplevel && store::SharedStore()->IsLive(known.statement.handle);
}

core::KnownStatement LookUp(uint64 id, const TargetRelation& target, const Source& source,
                            bool toplevel) {
    core::UtilityMeaning meaning = Ids().Find(id);
    if (!meaning.IsKnown()) {
        meaning = Ids().Note(id, HashUtility(source, id));
    }
    core::StatementKey key = KeyFor(meaning.queryid, toplevel);
    key.text_hash = IdentityOf(meaning.text_hash, target);
    return FindOrMake(key, source, [&target] { return target; });
}

}  // namespace

core::KnownStatement FindUtility(const PlannedStmt& statement, const char* source, bool toplevel) {
    const TargetRelation target = TargetOfUtility(*statement.utilityStmt);
    const Source text{source, statement.stmt_location, statement.stmt_len};
    const uint64 id = IdOf(statement, source);
    if (id == 0) {
        return FindOrMake(UnidentifiedKeyFor(target, toplevel), text, [&target] { return target; });
    }
    KnownUtility& place = known_utilities[(id ^ (toplevel ? 1 : 0)) & (kKnownUtilities - 1)];
    if (!IsKnownUtility(place, id, target.relid, toplevel)) {
        const core::KnownStatement found = LookUp(id, target, text, toplevel);
        place = {id, target.relid, found};
    }
    return place.statement;
}

}  // namespace elile::capture
