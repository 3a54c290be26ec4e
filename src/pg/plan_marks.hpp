// Marks that stay with a plan wherever it is copied and cached.
//
// A plan lists what makes it invalid. An item of a cache that the server does not have makes
// nothing invalid, and is copied and freed with the plan.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

enum class PlanMark : int {
    kTable = -1001,        // the value is the oid of the statement's table, or InvalidOid for none
    kAddedByRule = -1002,  // the plan is of a command that a rule added to a statement
};

// Returns the item of this mark, or null when the plan has none.
inline PlanInvalItem* FindMark(const PlannedStmt& plan, PlanMark mark) {
    ListCell* cell = nullptr;
    foreach (cell, plan.invalItems) {
        auto* item = lfirst_node(PlanInvalItem, cell);
        if (static_cast<int>(item->cacheId) == static_cast<int>(mark)) {
            return item;
        }
    }
    return nullptr;
}

// Raises an error when memory is short. What it allocates lives as long as the plan.
inline void PutMark(PlannedStmt* plan, PlanMark mark, uint32 value) {
    PlanInvalItem* item = FindMark(*plan, mark);
    if (item == nullptr) {
        MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(plan));
        item = makeNode(PlanInvalItem);
        item->cacheId = static_cast<decltype(item->cacheId)>(mark);
        plan->invalItems = lappend(plan->invalItems, item);
        MemoryContextSwitchTo(caller);
    }
    item->hashValue = value;
}

}  // namespace elile::pg
