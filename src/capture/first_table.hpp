// Finds the table of an analysed statement.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// Sets the target of a write, or the first table of a read; InvalidOid where there is none. To be
// asked before planning, which changes the query. Returns false when the query has more parts than
// are looked at, or is nested too deeply.
//
// A read's first table is the first in FROM order, through views, subqueries, CTEs and joins. Where
// FROM leads to none, it is the first in the expressions, in the order in which they are written;
// then the first that a CTE writes to. A function is no table, whether or not the planner puts its
// body in line.
bool FindTable(const Query& query, Oid* table);

// Whether the server counts this kind of relation as a table.
inline bool IsTableKind(char kind) {
    switch (kind) {
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

}  // namespace elile::capture
