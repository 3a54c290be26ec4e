// Tells which operation a statement is, and on which table.
#pragma once

#include "capture/first_table.hpp"
#include "core/statements/statement.hpp"
#include "pg/plan_compat.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// A core::Target before its table has a place in the directory.
struct TargetRelation {
    Oid relid;  // InvalidOid: no table
    core::Operation operation;
};

// What analysis knows of a statement and its plan no longer shows: the order of FROM is lost where
// subqueries are pulled up, and functions where they are put in line.
struct Analysed {
    Oid relid;
    bool is_known;  // else relid says nothing
    bool is_added_by_rule;
};

// To be asked before planning, which changes the query.
Analysed Analyse(const Query& query);
// Notes it in the plan itself, where the plan alone would tell something else. So it lasts as long
// as the plan does, in whichever cache.
void NoteInPlan(const Analysed& analysed, PlannedStmt* plan);

// Whether the plan will tell the same without a note: that of a read whose FROM begins with its
// first table, as most do.
inline bool PlanTellsTable(const Query& query) {
    if (query.resultRelation != 0 || query.hasModifyingCTE || query.querySource != QSRC_ORIGINAL ||
        query.jointree == nullptr || query.jointree->fromlist == NIL) {
        return false;
    }
    const Node* item = static_cast<Node*>(linitial(query.jointree->fromlist));
    const auto* entry = static_cast<const RangeTblEntry*>(linitial(query.rtable));
    return IsA(item, RangeTblRef) && reinterpret_cast<const RangeTblRef*>(item)->rtindex == 1 &&
           entry->rtekind == RTE_RELATION && IsTableKind(entry->relkind);
}

TargetRelation TargetOf(const PlannedStmt& plan);
// Whether the plan's command was added to a statement that runs besides.
bool IsNotedAsAdded(const PlannedStmt& plan);

core::Operation OperationOf(CmdType command);

}  // namespace elile::capture
