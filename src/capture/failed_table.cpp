// Tells the table of a statement that failed before it ran. Touches memory only.
#include "capture/phase.hpp"
#include "capture/target.hpp"
#include "core/segment.hpp"
#include "core/shared/gate.hpp"
#include "core/shared/table_directory.hpp"
#include "core/statements/table.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

Oid planned_table = InvalidOid;

}  // namespace

void NotePlanned(Oid table) { planned_table = table; }

void NoteFailedPlanning(const Query& query) {
    const auto* first = query.rtable != NIL ? linitial_node(RangeTblEntry, query.rtable) : nullptr;
    if (!OidIsValid(planned_table) && first != nullptr && first->rtekind == RTE_RELATION &&
        IsTableKind(first->relkind)) {
        planned_table = first->relid;
    }
}

uint32 TableOfFailed(uint64 queryid) {
    const core::Segment& segment = *store::SharedSegment();
    if (OidIsValid(planned_table)) {
        const uint32 table = segment.tables.Find({MyDatabaseId, planned_table, 0});
        return table != core::kNoIndex ? table + 1 : 0;
    }
    core::Gate& gate = segment.statements.shared->gate;
    if (!gate.TryAdding()) {
        return 0;
    }
    uint32 found = 0;
    bool has_several = false;
    segment.statements.ForEachOfQuery(queryid, [&](const core::Entry& entry) {
        const core::StatementKey key = core::KeyOf(entry);
        if (key.userid == GetOuterUserId() && key.dbid == MyDatabaseId && key.toplevel &&
            !key.unidentified) {
            has_several = has_several || (found != 0 && found != key.table + 1);
            found = key.table + 1;
        }
    });
    gate.LeaveShared();
    return has_several ? 0 : found;
}

}  // namespace elile::capture
