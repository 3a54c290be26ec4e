// Tells which operation a statement is, and on which table.
//
// A write's table is its target; a read's is the first real table in FROM order, through views,
// subqueries, CTEs and joins.
#pragma once

#include "core/statements/statement.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// A core::Target before its table has a place in the directory.
struct TargetRelation {
    Oid relid;  // InvalidOid: no table
    core::Operation operation;
};

// FROM order is lost in a plan, where subqueries are pulled up. So the planner hook notes it for
// statements with an identifier; forgotten ones fall back to the order of the range table.
void NoteTarget(const Query& query);
TargetRelation TargetOf(const PlannedStmt& plan);
// Returns the table that was noted for the statement; InvalidOid: none. Touches memory only.
Oid NotedTable(uint64 queryid);

core::Operation OperationOf(CmdType command);

}  // namespace elile::capture
