#include "capture/target.hpp"

namespace elile::capture {
namespace {

struct Note {
    uint64 queryid;
    Oid relid;
};

constexpr uint64 kNotes = 512;  // a power of two
Note notes[kNotes];

bool IsTable(const RangeTblEntry& entry) {
    switch (entry.relkind) {
        case RELKIND_RELATION:
        case RELKIND_PARTITIONED_TABLE:
        case RELKIND_MATVIEW:
        case RELKIND_FOREIGN_TABLE:
        case RELKIND_TOASTVALUE:
            return true;
        default:
            return false;
    }
}

Oid FirstTable(const Query& query, int depth);

const Query* FindCte(const Query& query, const char* name) {
    ListCell* cell = nullptr;
    foreach (cell, query.cteList) {
        const auto* cte = lfirst_node(CommonTableExpr, cell);
        if (strcmp(cte->ctename, name) == 0 && IsA(cte->ctequery, Query)) {
            return castNode(Query, cte->ctequery);
        }
    }
    return nullptr;
}

Oid FirstTableOf(const Query& query, const RangeTblEntry& entry, int depth) {
    switch (entry.rtekind) {
        case RTE_RELATION:
            return IsTable(entry) ? entry.relid : InvalidOid;
        case RTE_SUBQUERY:
            return FirstTable(*entry.subquery, depth + 1);
        case RTE_CTE: {
            // A reference to an outer query's CTE is met when that query is walked.
            const Query* cte = entry.ctelevelsup == 0 && !entry.self_reference
                                   ? FindCte(query, entry.ctename)
                                   : nullptr;
            return cte != nullptr ? FirstTable(*cte, depth + 1) : InvalidOid;
        }
        default:
            return InvalidOid;
    }
}

Oid FirstTableIn(const Query& query, const Node* item, int depth) {
    if (IsA(item, RangeTblRef)) {
        const int index = reinterpret_cast<const RangeTblRef*>(item)->rtindex;
        return FirstTableOf(query, *rt_fetch(index, query.rtable), depth);
    }
    if (IsA(item, JoinExpr)) {
        const auto* join = reinterpret_cast<const JoinExpr*>(item);
        const Oid left = FirstTableIn(query, join->larg, depth + 1);
        return OidIsValid(left) ? left : FirstTableIn(query, join->rarg, depth + 1);
    }
    return InvalidOid;
}

Oid FirstTable(const Query& query, int depth) {
    constexpr int kDeepest = 200;
    if (depth > kDeepest) {
        return InvalidOid;
    }
    if (query.resultRelation > 0) {
        return rt_fetch(query.resultRelation, query.rtable)->relid;
    }
    ListCell* cell = nullptr;
    if (query.jointree != nullptr) {
        foreach (cell, query.jointree->fromlist) {
            const Oid found = FirstTableIn(query, static_cast<Node*>(lfirst(cell)), depth);
            if (OidIsValid(found)) {
                return found;
            }
        }
    }
    // The branches of a UNION are subqueries that no FROM refers to.
    if (query.setOperations != nullptr) {
        foreach (cell, query.rtable) {
            const Oid found = FirstTableOf(query, *lfirst_node(RangeTblEntry, cell), depth);
            if (OidIsValid(found)) {
                return found;
            }
        }
    }
    return InvalidOid;
}

Oid FirstTable(const PlannedStmt& plan) {
    if (plan.resultRelations != NIL) {
        return rt_fetch(linitial_int(plan.resultRelations), plan.rtable)->relid;
    }
    ListCell* cell = nullptr;
    foreach (cell, plan.rtable) {
        const auto* entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind == RTE_RELATION && IsTable(*entry)) {
            return entry->relid;
        }
    }
    return InvalidOid;
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

void NoteTarget(const Query& query) {
    const auto queryid = static_cast<uint64>(query.queryId);
    Note& note = notes[queryid & (kNotes - 1)];
    if (queryid != 0 && note.queryid != queryid) {
        note = {queryid, FirstTable(query, 0)};
    }
}

Target TargetOf(const PlannedStmt& plan) {
    const auto queryid = static_cast<uint64>(plan.queryId);
    const Note& note = notes[queryid & (kNotes - 1)];
    // A query without FROM may still read tables, in the expressions that it computes.
    const bool noted = queryid != 0 && note.queryid == queryid && OidIsValid(note.relid);
    return {OperationOf(plan.commandType), noted ? note.relid : FirstTable(plan)};
}

}  // namespace elile::capture
