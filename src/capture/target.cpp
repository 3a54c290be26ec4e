#include "capture/target.hpp"

#include <algorithm>

#include "capture/relations.hpp"
#include "pg/plan_compat.hpp"

namespace elile::capture {
namespace {

struct Note {
    uint64 queryid;
    Oid relid;
    uint32 changes;  // of the catalogue, as it was made
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

// A query with the one that it is part of, whose CTEs it may refer to.
struct Level {
    const Query* query;
    const Level* outer;  // null for the outermost
};

// Looks for the first table in FROM order. Planning costs far more than the most steps that this
// takes. A CTE is looked into once: a second look would find the same, and looks would double with
// each level of nesting.
class Search {
public:
    Oid In(const Level& level) {
        const Query& query = *level.query;
        if (query.resultRelation > 0) {
            return rt_fetch(query.resultRelation, query.rtable)->relid;
        }
        ListCell* cell = nullptr;
        if (query.jointree != nullptr) {
            foreach (cell, query.jointree->fromlist) {
                const Oid found = InItem(level, static_cast<Node*>(lfirst(cell)));
                if (OidIsValid(found) || steps_left_ <= 0) {
                    return found;
                }
            }
        }
        // The branches of a UNION are subqueries that no FROM refers to.
        if (query.setOperations != nullptr) {
            foreach (cell, query.rtable) {
                const Oid found = InEntry(level, *lfirst_node(RangeTblEntry, cell));
                if (OidIsValid(found) || steps_left_ <= 0) {
                    return found;
                }
            }
        }
        return InvalidOid;
    }

private:
    static constexpr int kMostSteps = 10000;
    static constexpr int kMostCtes = 128;

    bool MayGoDeeper() const { return steps_left_ > 0 && !stack_is_too_deep(); }

    Oid InItem(const Level& level, const Node* item) {
        if (IsA(item, RangeTblRef)) {
            const int index = reinterpret_cast<const RangeTblRef*>(item)->rtindex;
            return InEntry(level, *rt_fetch(index, level.query->rtable));
        }
        if (IsA(item, JoinExpr) && MayGoDeeper()) {
            --steps_left_;
            const auto* join = reinterpret_cast<const JoinExpr*>(item);
            const Oid left = InItem(level, join->larg);
            return OidIsValid(left) ? left : InItem(level, join->rarg);
        }
        return InvalidOid;
    }

    Oid InEntry(const Level& level, const RangeTblEntry& entry) {
        --steps_left_;
        switch (entry.rtekind) {
            case RTE_RELATION:
                return IsTable(entry) ? entry.relid : InvalidOid;
            case RTE_SUBQUERY:
                return MayGoDeeper() ? In({entry.subquery, &level}) : InvalidOid;
            case RTE_CTE:
                return MayGoDeeper() ? InCte(level, entry) : InvalidOid;
            default:
                return InvalidOid;
        }
    }

    Oid InCte(const Level& level, const RangeTblEntry& entry) {
        const Level* owner = &level;
        for (Index up = 0; up < entry.ctelevelsup && owner != nullptr; ++up) {
            owner = owner->outer;
        }
        const Query* cte = owner != nullptr ? FindCte(*owner->query, entry.ctename) : nullptr;
        return cte != nullptr && IsFirstLook(cte) ? In({cte, owner}) : InvalidOid;
    }

    const Query* FindCte(const Query& query, const char* name) {
        ListCell* cell = nullptr;
        foreach (cell, query.cteList) {
            const auto* cte = lfirst_node(CommonTableExpr, cell);
            if (--steps_left_ <= 0) {
                return nullptr;
            }
            if (strcmp(cte->ctename, name) == 0) {
                return IsA(cte->ctequery, Query) ? castNode(Query, cte->ctequery) : nullptr;
            }
        }
        return nullptr;
    }

    // False for a CTE that was looked into, as a recursive one refers to itself. When the list is
    // full, further CTEs are not looked into.
    bool IsFirstLook(const Query* cte) {
        const Query** end = seen_ + seen_count_;
        if (seen_count_ == kMostCtes || std::find(seen_, end, cte) != end) {
            return false;
        }
        seen_[seen_count_++] = cte;
        return true;
    }

    int steps_left_ = kMostSteps;
    int seen_count_ = 0;
    const Query* seen_[kMostCtes];  // the first seen_count_ are set
};

Oid FirstTable(const PlannedStmt& plan) {
    if (const int written = pg::FirstWritten(plan); written != 0) {
        return rt_fetch(written, plan.rtable)->relid;
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
    if (queryid != 0 && (note.queryid != queryid || note.changes != catalogue_changes)) {
        Search search;
        note = {queryid, search.In({&query, nullptr}), catalogue_changes};
    }
}

TargetRelation TargetOf(const PlannedStmt& plan) {
    const auto queryid = static_cast<uint64>(plan.queryId);
    const Note& note = notes[queryid & (kNotes - 1)];
    // A query without FROM may still read tables, in the expressions that it computes.
    const bool noted = queryid != 0 && note.queryid == queryid && OidIsValid(note.relid);
    return {noted ? note.relid : FirstTable(plan), OperationOf(plan.commandType)};
}

}  // namespace elile::capture
