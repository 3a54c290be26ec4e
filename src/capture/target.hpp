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

Analysed AnalyseWhole(const Query& query);
void NoteWhatDiffers(const Analysed& analysed, PlannedStmt* plan);

// To be asked before planning, which changes the query.
inline Analysed Analyse(const Query& query) {
    const Oid plain = PlainTableOf(query);
    return OidIsValid(plain) ? Analysed{plain, true, false} : AnalyseWhole(query);
}

// Notes it in the plan itself, where the plan alone would tell something else. So it lasts as long
// as the plan does, in whichever cache.
inline void NoteInPlan(const Analysed& analysed, PlannedStmt* plan) {
    const bool is_plain =
        plan->rtable != NIL && pg::FirstWritten(*plan) == 0 && !analysed.is_added_by_rule;
    const auto* first = is_plain ? linitial_node(RangeTblEntry, plan->rtable) : nullptr;
    if (first == nullptr || first->rtekind != RTE_RELATION || first->relid != analysed.relid) {
        NoteWhatDiffers(analysed, plan);
    }
}

TargetRelation TargetOf(const PlannedStmt& plan);
// Whether the plan's command was added to a statement that runs besides.
bool IsNotedAsAdded(const PlannedStmt& plan);

core::Operation OperationOf(CmdType command);

}  // namespace elile::capture
