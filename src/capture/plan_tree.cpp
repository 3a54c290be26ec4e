#include "capture/plan_tree.hpp"

#include "core/shared/hash.hpp"
#include "pg/compat.hpp"
#include "pg/plan_compat.hpp"

namespace elile::capture {
namespace {

template <typename Visit>
void ForEachChild(const List* plans, Visit visit) {
    ListCell* cell = nullptr;
    foreach (cell, plans) {
        visit(static_cast<Plan*>(lfirst(cell)));
    }
}

// Visits the nodes below this one. It leaves out subplans that expressions refer to, which
// PlannedStmt lists.
template <typename Visit>
void ForEachChild(Plan* plan, Visit visit) {
    switch (nodeTag(plan)) {
        case T_Append:
            ForEachChild(reinterpret_cast<Append*>(plan)->appendplans, visit);
            break;
        case T_MergeAppend:
            ForEachChild(reinterpret_cast<MergeAppend*>(plan)->mergeplans, visit);
            break;
        case T_BitmapAnd:
            ForEachChild(reinterpret_cast<BitmapAnd*>(plan)->bitmapplans, visit);
            break;
        case T_BitmapOr:
            ForEachChild(reinterpret_cast<BitmapOr*>(plan)->bitmapplans, visit);
            break;
        case T_SubqueryScan:
            visit(reinterpret_cast<SubqueryScan*>(plan)->subplan);
            break;
        case T_CustomScan:
            ForEachChild(reinterpret_cast<CustomScan*>(plan)->custom_plans, visit);
            break;
        default:
            break;
    }
    if (plan->lefttree != nullptr) {
        visit(plan->lefttree);
    }
    if (plan->righttree != nullptr) {
        visit(plan->righttree);
    }
}

// Visits a node, then those below it. Returns false when the plan is too deep for the stack and was
// not followed to its end.
template <typename Visit>
bool Walk(Plan* plan, Visit visit) {
    if (plan == nullptr) {
        return true;
    }
    if (stack_is_too_deep()) {
        return false;
    }
    visit(plan);
    bool whole = true;
    ForEachChild(plan, [&](Plan* child) { whole = Walk(child, visit) && whole; });
    return whole;
}

// A subplan that turned out to be needless is null in the list of subplans.
template <typename Visit>
bool WalkAll(const PlannedStmt& statement, Visit visit) {
    bool whole = Walk(statement.planTree, visit);
    ForEachChild(statement.subplans, [&](Plan* plan) { whole = Walk(plan, visit) && whole; });
    return whole;
}

// Returns the index that a scan reads.
uint64 IndexOf(const Plan* plan) {
    switch (nodeTag(plan)) {
        case T_IndexScan:
            return reinterpret_cast<const IndexScan*>(plan)->indexid;
        case T_IndexOnlyScan:
            return reinterpret_cast<const IndexOnlyScan*>(plan)->indexid;
        case T_BitmapIndexScan:
            return reinterpret_cast<const BitmapIndexScan*>(plan)->indexid;
        default:
            return InvalidOid;
    }
}

Oid TableOf(const PlannedStmt& statement, const Plan* plan) {
    switch (nodeTag(plan)) {
        case T_SeqScan:
        case T_SampleScan:
        case T_IndexScan:
        case T_IndexOnlyScan:
        case T_BitmapIndexScan:
        case T_BitmapHeapScan:
        case T_TidScan:
        case T_TidRangeScan: {
            const Index number = reinterpret_cast<const Scan*>(plan)->scanrelid;
            return number > 0 ? rt_fetch(number, statement.rtable)->relid : InvalidOid;
        }
        default:
            return InvalidOid;
    }
}

// Returns what EXPLAIN names of a node beside its kind.
uint64 VariantOf(const Plan* plan) {
    switch (nodeTag(plan)) {
        case T_NestLoop:
        case T_MergeJoin:
        case T_HashJoin:
            return static_cast<uint64>(reinterpret_cast<const Join*>(plan)->jointype);
        case T_Agg: {
            const auto* aggregate = reinterpret_cast<const Agg*>(plan);
            return static_cast<uint64>(aggregate->aggstrategy) << 8 |
                   static_cast<uint64>(aggregate->aggsplit);
        }
        case T_SetOp:
            return static_cast<uint64>(reinterpret_cast<const SetOp*>(plan)->strategy);
        case T_ModifyTable:
            return static_cast<uint64>(reinterpret_cast<const ModifyTable*>(plan)->operation);
        default:
            return 0;
    }
}

// Node kinds in order, each with its number of children, describe one tree only.
uint64 HashOf(const PlannedStmt& statement, Plan* plan) {
    uint64 children = 0;
    ForEachChild(plan, [&children](Plan*) { ++children; });
    const uint64 kind = static_cast<uint64>(nodeTag(plan)) << 32 | children << 16 | VariantOf(plan);
    return core::Mix(core::Mix(kind) ^ (uint64{TableOf(statement, plan)} << 32 | IndexOf(plan)));
}

template <typename Each>
void ForEachOfScan(Plan* plan, Each each) {
    switch (nodeTag(plan)) {
        case T_SampleScan:
            each(reinterpret_cast<SampleScan*>(plan)->tablesample);
            break;
        case T_IndexScan: {
            auto* node = reinterpret_cast<IndexScan*>(plan);
            each(node->indexqual, node->indexqualorig, node->indexorderby, node->indexorderbyorig);
            break;
        }
        case T_IndexOnlyScan: {
            auto* node = reinterpret_cast<IndexOnlyScan*>(plan);
            each(node->indexqual, node->recheckqual, node->indexorderby, node->indextlist);
            break;
        }
        case T_BitmapIndexScan: {
            auto* node = reinterpret_cast<BitmapIndexScan*>(plan);
            each(node->indexqual, node->indexqualorig);
            break;
        }
        case T_BitmapHeapScan:
            each(reinterpret_cast<BitmapHeapScan*>(plan)->bitmapqualorig);
            break;
        case T_TidScan:
            each(reinterpret_cast<TidScan*>(plan)->tidquals);
            break;
        case T_TidRangeScan:
            each(reinterpret_cast<TidRangeScan*>(plan)->tidrangequals);
            break;
        case T_FunctionScan:
            each(reinterpret_cast<FunctionScan*>(plan)->functions);
            break;
        case T_TableFuncScan:
            each(reinterpret_cast<TableFuncScan*>(plan)->tablefunc);
            break;
        default:
            break;
    }
}

// These scans are planned by a foreign data wrapper or an extension.
template <typename Each>
void ForEachOfForeign(Plan* plan, Each each) {
    if (IsA(plan, ForeignScan)) {
        auto* node = reinterpret_cast<ForeignScan*>(plan);
        each(node->fdw_exprs, node->fdw_scan_tlist, node->fdw_recheck_quals);
    } else if (IsA(plan, CustomScan)) {
        auto* node = reinterpret_cast<CustomScan*>(plan);
        each(node->custom_exprs, node->custom_scan_tlist);
    }
}

template <typename Each>
void ForEachOfJoin(Plan* plan, Each each) {
    switch (nodeTag(plan)) {
        case T_NestLoop:
            each(reinterpret_cast<Join*>(plan)->joinqual);
            break;
        case T_MergeJoin:
            each(reinterpret_cast<Join*>(plan)->joinqual,
                 reinterpret_cast<MergeJoin*>(plan)->mergeclauses);
            break;
        case T_HashJoin: {
            auto* node = reinterpret_cast<HashJoin*>(plan);
            each(node->join.joinqual, node->hashclauses, node->hashkeys);
            break;
        }
        case T_Hash:
            each(reinterpret_cast<Hash*>(plan)->hashkeys);
            break;
        case T_Memoize:
            each(reinterpret_cast<Memoize*>(plan)->param_exprs);
            break;
        default:
            break;
    }
}

template <typename Each>
void ForEachOfOther(Plan* plan, Each each) {
    switch (nodeTag(plan)) {
        case T_Result:
            each(reinterpret_cast<Result*>(plan)->resconstantqual);
            break;
        case T_ModifyTable: {
            auto* node = reinterpret_cast<ModifyTable*>(plan);
            each(node->withCheckOptionLists, node->returningLists, node->onConflictSet,
                 node->onConflictWhere, node->exclRelTlist, node->mergeActionLists);
            pg::ForEachNewExpression(*node, each);
            break;
        }
        case T_WindowAgg: {
            auto* node = reinterpret_cast<WindowAgg*>(plan);
            each(node->startOffset, node->endOffset, node->runCondition, node->runConditionOrig);
            break;
        }
        case T_Limit: {
            auto* node = reinterpret_cast<Limit*>(plan);
            each(node->limitOffset, node->limitCount);
            break;
        }
        default:
            break;
    }
}

// Visits every expression that EXPLAIN may show for this node, or for one above that refers to it.
template <typename Visit>
void ForEachExpression(Plan* plan, Visit visit) {
    const auto each = [&visit](auto... expressions) {
        (visit(reinterpret_cast<Node*>(expressions)), ...);
    };
    each(plan->targetlist, plan->qual);
    ForEachOfScan(plan, each);
    ForEachOfForeign(plan, each);
    ForEachOfJoin(plan, each);
    ForEachOfOther(plan, each);
}

// Some arguments are literals in the tree alone, for keywords or a type's modifier. They must stay
// literals, since EXPLAIN reads them (get_func_sql_syntax(), get_rule_expr() in ruleutils.c).
bool IsKeyword(const FuncExpr& call, int argument) {
    switch (call.funcformat) {
        case COERCE_EXPLICIT_CAST:
        case COERCE_IMPLICIT_CAST:
            return argument > 0;
        case COERCE_SQL_SYNTAX:
            break;
        default:
            return false;
    }
    switch (call.funcid) {
        case F_EXTRACT_TEXT_DATE:
        case F_EXTRACT_TEXT_INTERVAL:
        case F_EXTRACT_TEXT_TIME:
        case F_EXTRACT_TEXT_TIMESTAMP:
        case F_EXTRACT_TEXT_TIMESTAMPTZ:
        case F_EXTRACT_TEXT_TIMETZ:
            return argument == 0;
        case F_IS_NORMALIZED:
        case F_NORMALIZE:
            return argument == 1;
        default:
            return false;
    }
}

bool IsKeyword(const XmlExpr& call, int argument) {
    return (call.op == IS_XMLPARSE && argument == 1) || (call.op == IS_XMLROOT && argument == 2);
}

template <typename Call, typename Visit>
void ForEachLiteralArgument(const Call& call, Visit visit) {
    int argument = 0;
    ListCell* cell = nullptr;
    foreach (cell, call.args) {
        if (!IsKeyword(call, argument++)) {
            visit(static_cast<Node*>(lfirst(cell)));
        }
    }
}

}  // namespace

uint64 IdentifyPlan(PlannedStmt* plan) {
    const uint64 given = pg::PlanIdIn(*plan);
    if (given != 0) {
        return given;
    }
    uint64 hash = 0;
    WalkAll(*plan, [&](Plan* node) { hash = core::Mix(hash ^ HashOf(*plan, node)); });
    hash = hash != 0 ? hash : 1;
    pg::PutPlanId(plan, hash);
    return hash;
}

int CountNodes(const PlannedStmt& plan, int most) {
    int count = 0;
    const bool whole = WalkAll(plan, [&count](Plan*) { ++count; });
    return whole ? Min(count, most) : most;
}

bool HasForeignNode(const PlannedStmt& plan) {
    bool found = false;
    WalkAll(plan, [&found](Plan* node) {
        found = found || IsA(node, CustomScan) || IsA(node, ForeignScan);
    });
    return found;
}

void ForgetPruning(PlannedStmt& plan) {
    pg::KeepAllPartitions(plan);
    WalkAll(plan, [](Plan* node) {
        if (IsA(node, Append)) {
            pg::DropPruning(*reinterpret_cast<Append*>(node));
        } else if (IsA(node, MergeAppend)) {
            pg::DropPruning(*reinterpret_cast<MergeAppend*>(node));
        }
    });
}

void HiddenLiterals::Replace(Const* literal) {
    if (count_ == room_) {
        CHECK_FOR_INTERRUPTS();
        room_ = room_ == 0 ? 16 : 2 * room_;
        const Size bytes = sizeof(HiddenLiteral) * static_cast<Size>(room_);
        literals_ = static_cast<HiddenLiteral*>(literals_ == nullptr ? palloc(bytes)
                                                                     : repalloc(literals_, bytes));
    }
    static_assert(sizeof(Param) <= sizeof(Const), "a parameter fits in a literal's place");
    const Const original = *literal;
    literals_[count_++] = {literal, original};
    auto* parameter = reinterpret_cast<Param*>(literal);
    memset(parameter, 0, sizeof(Param));
    parameter->xpr.type = T_Param;
    parameter->paramkind = PARAM_EXTERN;
    parameter->paramtype = original.consttype;
    parameter->paramtypmod = original.consttypmod;
    parameter->paramcollid = original.constcollid;
    parameter->location = original.location;
}

bool HiddenLiterals::HideIn(Node* node, void* self) {
    check_stack_depth();
    if (node == nullptr) {
        return false;
    }
    const auto hide = [self](Node* argument) { HideIn(argument, self); };
    switch (nodeTag(node)) {
        case T_Const:
            static_cast<HiddenLiterals*>(self)->Replace(reinterpret_cast<Const*>(node));
            return false;
        case T_FuncExpr:
            ForEachLiteralArgument(*reinterpret_cast<FuncExpr*>(node), hide);
            return false;
        case T_XmlExpr:
            hide(reinterpret_cast<Node*>(reinterpret_cast<XmlExpr*>(node)->named_args));
            ForEachLiteralArgument(*reinterpret_cast<XmlExpr*>(node), hide);
            return false;
        default:
            return pg::WalkExpression(node, HideIn, self);
    }
}

void HiddenLiterals::Hide(const PlannedStmt& plan) {
    const bool whole = WalkAll(plan, [this](Plan* node) {
        CHECK_FOR_INTERRUPTS();
        ForEachExpression(node, [this](Node* expression) { HideIn(expression, this); });
    });
    if (!whole) {
        ereport(ERROR, (errcode(ERRCODE_STATEMENT_TOO_COMPLEX), errmsg("the plan is too deep")));
    }
}

void HiddenLiterals::Show() {
    while (count_ > 0) {
        const HiddenLiteral& literal = literals_[--count_];
        *literal.place = literal.original;
    }
}

}  // namespace elile::capture
