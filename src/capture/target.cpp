#include "capture/target.hpp"

#include "pg/plan_marks.hpp"

namespace elile::capture {
namespace {

// The first table by the order of the plan's own range table.
Oid FirstTableIn(const PlannedStmt& plan) {
    if (const int written = pg::FirstWritten(plan); written != 0) {
        return rt_fetch(written, plan.rtable)->relid;
    }
    ListCell* cell = nullptr;
    foreach (cell, plan.rtable) {
        const auto* entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind == RTE_RELATION && IsTableKind(entry->relkind)) {
            return entry->relid;
        }
    }
    return InvalidOid;
}

bool IsAddedByRule(const Query& query) {
    return query.querySource == QSRC_NON_INSTEAD_RULE ||
           query.querySource == QSRC_QUAL_INSTEAD_RULE;
}

}  // namespace

core::Operation OperationOf(CmdType command) {
    switch (command) {
        case CMD_INSERT:
            return core::Operation::kInsert;
        case CMD_UPDATE:
            return core::Operation::kUpdate;
        case CMD_DELETE:
            return core::Operation::kDelete;
        case CMD_MERGE:
            return core::Operation::kMerge;
        case CMD_SELECT:
            return core::Operation::kSelect;
        default:
            return core::Operation::kUtility;
    }
}

Analysed Analyse(const Query& query) {
    Analysed analysed = {InvalidOid, false, IsAddedByRule(query)};
    analysed.is_known = FindTable(query, &analysed.relid);
    return analysed;
}

// A session knows a statement soonest where the first relation that its plan rests on is its table.
void NoteInPlan(const Analysed& analysed, PlannedStmt* plan) {
    if (analysed.is_known && FirstTableIn(*plan) != analysed.relid) {
        pg::PutMark(plan, pg::PlanMark::kTable, analysed.relid);
        if (OidIsValid(analysed.relid)) {
            MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(plan));
            plan->relationOids = lcons_oid(analysed.relid, plan->relationOids);
            MemoryContextSwitchTo(caller);
        }
    }
    if (analysed.is_added_by_rule) {
        pg::PutMark(plan, pg::PlanMark::kAddedByRule, 1);
    }
}

TargetRelation TargetOf(const PlannedStmt& plan) {
    const PlanInvalItem* noted = pg::FindMark(plan, pg::PlanMark::kTable);
    return {noted != nullptr ? Oid{noted->hashValue} : FirstTableIn(plan),
            OperationOf(plan.commandType)};
}

bool IsNotedAsAdded(const PlannedStmt& plan) {
    return pg::FindMark(plan, pg::PlanMark::kAddedByRule) != nullptr;
}

}  // namespace elile::capture
