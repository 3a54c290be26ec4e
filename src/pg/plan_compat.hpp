// Hides where plans of PostgreSQL 15 to 19 differ, and removes from a plan what must not run when
// it only becomes text.
#pragma once

#include "core/statements/counters.hpp"
#include "pg/postgres.hpp"

#if PG_VERSION_NUM >= 190000
#define ELILE_PLANNER_PARAMETERS \
    Query *parse, const char *source, int options, ParamListInfo parameters, ExplainState *explain
#define ELILE_PLANNER_ARGUMENTS parse, source, options, parameters, explain
#else
#define ELILE_PLANNER_PARAMETERS \
    Query *parse, const char *source, int options, ParamListInfo parameters
#define ELILE_PLANNER_ARGUMENTS parse, source, options, parameters
#endif

namespace elile::pg {

// Plans a query for which no EXPLAIN asked.
inline PlannedStmt* PlanQuery(Query* query, const char* text, int options,
                              ParamListInfo parameters) {
#if PG_VERSION_NUM >= 190000
    return planner(query, text, options, parameters, nullptr);
#else
    return planner(query, text, options, parameters);
#endif
}

// Returns the place in the range table of the first table that the plan writes to; 0 where it
// writes to none.
inline int FirstWritten(const PlannedStmt& plan) {
#if PG_VERSION_NUM >= 190000
    return Max(bms_next_member(plan.resultRelationRelids, -1), 0);
#else
    return plan.resultRelations != NIL ? linitial_int(plan.resultRelations) : 0;
#endif
}

// Returns the first relation that the plan rests on, or InvalidOid.
inline Oid FirstRelation(const PlannedStmt& plan) {
    return plan.relationOids != NIL ? linitial_oid(plan.relationOids) : InvalidOid;
}

// Visits the expressions that a ModifyTable node of newer servers has besides.
template <typename Each>
void ForEachNewExpression([[maybe_unused]] const ModifyTable& node, [[maybe_unused]] Each each) {
#if PG_VERSION_NUM >= 170000
    each(node.mergeJoinConditions);
#endif
}

// Whether a plan says where it came from, as 19 and later know.
inline constexpr bool kKnowsPlanOrigin = PG_VERSION_NUM >= 190000;

inline core::PlanOrigin OriginOf([[maybe_unused]] const PlannedStmt& plan) {
#if PG_VERSION_NUM >= 190000
    switch (plan.planOrigin) {
        case PLAN_STMT_CACHE_GENERIC:
            return core::kGenericPlan;
        case PLAN_STMT_CACHE_CUSTOM:
            return core::kCustomPlan;
        default:
            break;
    }
#endif
    return core::kOtherPlan;
}

// Whether a plan has an identifier, which extensions set and read.
inline constexpr bool kPlansHaveIds = PG_VERSION_NUM >= 180000;

// Returns the plan's identifier; 0 for none.
inline uint64 PlanIdIn([[maybe_unused]] const PlannedStmt& plan) {
#if PG_VERSION_NUM >= 180000
    return static_cast<uint64>(plan.planId);
#else
    return 0;
#endif
}

inline void PutPlanId([[maybe_unused]] PlannedStmt* plan, [[maybe_unused]] uint64 plan_id) {
#if PG_VERSION_NUM >= 180000
    plan->planId = static_cast<int64>(plan_id);
#endif
}

// Lets the plan start without a check of rights on its tables, for it only becomes text.
inline void AskForNoRights(PlannedStmt& plan) {
    ListCell* cell = nullptr;
    foreach (cell, plan.rtable) {
        auto* entry = lfirst_node(RangeTblEntry, cell);
#if PG_VERSION_NUM >= 160000
        entry->perminfoindex = 0;
#else
        entry->requiredPerms = 0;
#endif
    }
#if PG_VERSION_NUM >= 160000
    plan.permInfos = NIL;
#endif
}

// Removes hooks of others, which expect a client's statement around them.
inline void DropHooksOfOthers() {
    ExecutorCheckPerms_hook = nullptr;
    object_access_hook = nullptr;
    explain_get_index_name_hook = nullptr;
#if PG_VERSION_NUM >= 180000
    explain_per_plan_hook = nullptr;
    explain_per_node_hook = nullptr;
#endif
}

// Keeps all partitions in the plan's text, also those that would be pruned as it starts.
inline void KeepAllPartitions([[maybe_unused]] PlannedStmt& plan) {
#if PG_VERSION_NUM >= 180000
    plan.partPruneInfos = NIL;
    plan.unprunableRelids = bms_add_range(nullptr, 1, list_length(plan.rtable));
#endif
}

// Removes the pruning of partitions at the plan's start, which would run functions of the
// statement.
template <typename AppendNode>
void DropPruning(AppendNode& node) {
#if PG_VERSION_NUM >= 180000
    node.part_prune_index = -1;
#else
    node.part_prune_info = nullptr;
#endif
}

// Shows what 19 measures of reads that were asked for ahead of time.
inline void ShowReadsAhead([[maybe_unused]] ExplainState* state, [[maybe_unused]] int collected) {
#if PG_VERSION_NUM >= 190000
    state->io = (collected & INSTRUMENT_IO) != 0;
#endif
}

}  // namespace elile::pg
