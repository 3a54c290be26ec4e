#include "capture/utility_entries.hpp"

#include "capture/entries.hpp"
#include "capture/relations.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/statements/utility_ids.hpp"
#include "pg/compat.hpp"

namespace elile::capture {
namespace {

struct KnownUtility {
    uint64 id;       // as the server gave it for the text with its constants
    Oid relid;       // the table to which the utility belongs
    uint32 changes;  // of the catalogue, before the look
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

// What has a table is looked up again after a change of the catalogue, and while the directory had
// no room.
bool IsKnownUtility(const KnownUtility& known, uint64 id, Oid relid, bool toplevel) {
    const core::StatementKey& key = known.statement.key;
    const bool has_its_table =
        !OidIsValid(relid) ||
        (known.changes == catalogue_changes && known.statement.target.table != core::kOtherTables);
    return known.id == id && known.relid == relid && has_its_table && key.userid == GetUserId() &&
           key.toplevel == toplevel && store::SharedStore()->IsLive(known.statement.handle);
}

core::KnownStatement LookUp(uint64 id, const TargetRelation& target, const Source& source,
                            bool toplevel) {
    core::UtilityMeaning meaning = Ids().Find(id);
    if (!meaning.IsKnown()) {
        meaning = Ids().Note(id, HashUtility(source, id));
    }
    core::StatementKey key = KeyFor(meaning.queryid, toplevel);
    key.text_hash = meaning.text_hash;
    return FindOrMake(key, source, target, nullptr);
}

}  // namespace

core::KnownStatement FindUtility(const PlannedStmt& statement, const char* source, bool toplevel) {
    const TargetRelation target = TargetOfUtility(*statement.utilityStmt);
    const Source text{source, statement.stmt_location, statement.stmt_len};
    const uint64 id = IdOf(statement, source);
    if (id == 0) {
        return FindOrMake(UnidentifiedKeyFor(target, toplevel), text, target, nullptr);
    }
    KnownUtility& place = known_utilities[(id ^ (toplevel ? 1 : 0)) & (kKnownUtilities - 1)];
    if (!IsKnownUtility(place, id, target.relid, toplevel)) {
        WatchCatalogue();
        const uint32 changes = catalogue_changes;
        const core::KnownStatement found = LookUp(id, target, text, toplevel);
        place = {id, target.relid, changes, found};
    }
    return place.statement;
}

}  // namespace elile::capture
