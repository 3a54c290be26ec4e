#include "capture/first_table.hpp"

#include "pg/compat.hpp"

namespace elile::capture {
namespace {

// FROM is looked through first, with all that it leads to, and the expressions after that.
enum Pass : int { kFrom, kExpressions, kPasses };

// A query with the one that it is part of, whose CTEs it may refer to.
struct Scope {
    const Query* query;
    Scope* outer;              // null for the outermost
    Bitmapset* seen[kPasses];  // the CTEs that were looked into, by their places in the list
};

// Each part of a query is looked at once in either pass. A second look into a CTE would find the
// same, and looks would double with each level of nesting. So a statement's steps are fewer than
// its planner's.
class Search {
public:
    // Returns InvalidOid for none, and when it gave up.
    Oid In(const Query& query, Scope* outer) {
        const Pass before = pass_;
        Oid found = InvalidOid;
        for (const Pass pass : {kFrom, kExpressions}) {
            Scope scope = {&query, outer, {}};
            pass_ = pass;
            found = InQuery(scope);
            if (IsOver(found)) {
                break;
            }
        }
        pass_ = before;
        return found;
    }

    bool GaveUp() const { return gave_up_; }

private:
    static constexpr int kMostSteps = 10000;

    bool IsOver(Oid found) const { return OidIsValid(found) || gave_up_; }

    bool MayGoOn() {
        gave_up_ = gave_up_ || --steps_left_ <= 0 || stack_is_too_deep();
        return !gave_up_;
    }

    Oid InQuery(Scope& scope) {
        const Query& query = *scope.query;
        if (query.resultRelation > 0) {
            return rt_fetch(query.resultRelation, query.rtable)->relid;
        }
        Oid found = InColumns(scope, false);
        if (!IsOver(found) && query.jointree != nullptr) {
            found = InItems(scope, query.jointree->fromlist);
            if (!IsOver(found)) {
                found = InExpression(scope, query.jointree->quals);
            }
        }
        if (!IsOver(found) && query.setOperations != nullptr) {
            found = InBranches(scope);
        }
        return IsOver(found) ? found : InRest(scope);
    }

    // The columns that GROUP BY and ORDER BY add stand behind FROM in the text.
    Oid InColumns(Scope& scope, bool added) {
        ListCell* cell = nullptr;
        if (LooksAtExpressions(scope)) {
            foreach (cell, scope.query->targetList) {
                const auto* column = lfirst_node(TargetEntry, cell);
                if (column->resjunk == added) {
                    const Oid found =
                        InExpression(scope, reinterpret_cast<const Node*>(column->expr));
                    if (IsOver(found)) {
                        return found;
                    }
                }
            }
        }
        return InvalidOid;
    }

    Oid InItems(Scope& scope, const List* items) {
        ListCell* cell = nullptr;
        foreach (cell, items) {
            const Oid found = InItem(scope, static_cast<Node*>(lfirst(cell)));
            if (IsOver(found)) {
                return found;
            }
        }
        return InvalidOid;
    }

    // The branches of a UNION are subqueries that no FROM refers to.
    Oid InBranches(Scope& scope) {
        ListCell* cell = nullptr;
        foreach (cell, scope.query->rtable) {
            const Oid found = InEntry(scope, *lfirst_node(RangeTblEntry, cell));
            if (IsOver(found)) {
                return found;
            }
        }
        return InvalidOid;
    }

    Oid InRest(Scope& scope) {
        const Query& query = *scope.query;
        Oid found = InColumns(scope, true);
        for (const void* part : {static_cast<const void*>(query.havingQual),
                                 static_cast<const void*>(query.windowClause),
                                 static_cast<const void*>(query.limitCount),
                                 static_cast<const void*>(query.limitOffset)}) {
            if (!IsOver(found)) {
                found = InExpression(scope, static_cast<const Node*>(part));
            }
        }
        return found;
    }

    Oid InItem(Scope& scope, const Node* item) {
        if (IsA(item, RangeTblRef)) {
            const int index = reinterpret_cast<const RangeTblRef*>(item)->rtindex;
            return InEntry(scope, *rt_fetch(index, scope.query->rtable));
        }
        if (!IsA(item, JoinExpr) || !MayGoOn()) {
            return InvalidOid;
        }
        const auto* join = reinterpret_cast<const JoinExpr*>(item);
        Oid found = InItem(scope, join->larg);
        if (!IsOver(found)) {
            found = InItem(scope, join->rarg);
        }
        return IsOver(found) ? found : InExpression(scope, join->quals);
    }

    Oid InEntry(Scope& scope, const RangeTblEntry& entry) {
        if (entry.rtekind == RTE_RELATION) {
            return IsTableKind(entry.relkind) ? entry.relid : InvalidOid;
        }
        if (!MayGoOn()) {
            return InvalidOid;
        }
        switch (entry.rtekind) {
            case RTE_SUBQUERY: {
                Scope inner = {entry.subquery, &scope, {}};
                return InQuery(inner);
            }
            case RTE_CTE:
                return InCte(scope, entry);
            case RTE_FUNCTION:
                return InExpression(scope, reinterpret_cast<const Node*>(entry.functions));
            case RTE_VALUES:
                return InExpression(scope, reinterpret_cast<const Node*>(entry.values_lists));
            case RTE_TABLEFUNC:
                return InExpression(scope, reinterpret_cast<const Node*>(entry.tablefunc));
            default:
                return InvalidOid;
        }
    }

    // The CTE is looked into as part of the query that it belongs to, so that what it refers to is
    // found there too.
    Oid InCte(Scope& scope, const RangeTblEntry& entry) {
        Scope* owner = &scope;
        for (Index up = 0; up < entry.ctelevelsup && owner != nullptr; ++up) {
            owner = owner->outer;
        }
        if (owner == nullptr) {
            return InvalidOid;
        }
        const int place = PlaceOf(*owner->query, entry.ctename);
        if (place < 0 || bms_is_member(place, owner->seen[pass_])) {
            return InvalidOid;  // a recursive one refers to itself
        }
        owner->seen[pass_] = bms_add_member(owner->seen[pass_], place);
        const auto* cte = list_nth_node(CommonTableExpr, owner->query->cteList, place);
        if (!IsA(cte->ctequery, Query)) {
            return InvalidOid;
        }
        Scope inner = {castNode(Query, cte->ctequery), owner, {}};
        return InQuery(inner);
    }

    // The parser has compared the same names for each reference.
    static int PlaceOf(const Query& query, const char* name) {
        ListCell* cell = nullptr;
        foreach (cell, query.cteList) {
            if (strcmp(lfirst_node(CommonTableExpr, cell)->ctename, name) == 0) {
                return foreach_current_index(cell);
            }
        }
        return -1;
    }

    bool LooksAtExpressions(const Scope& scope) const {
        return pass_ == kExpressions && scope.query->hasSubLinks;
    }

    Oid InExpression(Scope& scope, const Node* expression) {
        if (!LooksAtExpressions(scope) || expression == nullptr) {
            return InvalidOid;
        }
        Visit visit = {this, &scope, InvalidOid};
        Look(const_cast<Node*>(expression), &visit);
        return visit.found;
    }

    struct Visit {
        Search* search;
        Scope* scope;
        Oid found;
    };

    // The planner goes down the same way with larger frames, so the walker's own check of the stack
    // finds nothing that planning would not.
    static bool Look(Node* node, void* context) {
        auto* visit = static_cast<Visit*>(context);
        if (node == nullptr) {
            return false;
        }
        if (!visit->search->MayGoOn()) {
            return true;
        }
        if (IsA(node, Query)) {
            visit->found = visit->search->In(*reinterpret_cast<Query*>(node), visit->scope);
            return visit->search->IsOver(visit->found);
        }
        return pg::WalkExpression(node, Look, context);
    }

    Pass pass_ = kFrom;
    int steps_left_ = kMostSteps;
    bool gave_up_ = false;
};

Oid FirstWrittenByCte(const Query& query) {
    ListCell* cell = nullptr;
    foreach (cell, query.cteList) {
        const auto* cte = castNode(Query, lfirst_node(CommonTableExpr, cell)->ctequery);
        if (cte->resultRelation > 0) {
            return rt_fetch(cte->resultRelation, cte->rtable)->relid;
        }
    }
    return InvalidOid;
}

}  // namespace

bool FindTable(const Query& query, Oid* table) {
    Search search;
    *table = search.In(query, nullptr);
    if (!OidIsValid(*table) && query.hasModifyingCTE) {
        *table = FirstWrittenByCte(query);
    }
    return OidIsValid(*table) || !search.GaveUp();
}

}  // namespace elile::capture
