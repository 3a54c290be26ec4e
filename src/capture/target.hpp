// Which operation a statement is, and on which table.
//
// A write's table is its target; a read's is the first real table in FROM order, through views,
// subqueries, CTEs and joins. A partition counts as its topmost parent, a temporary table under
// schema pg_temp.
#pragma once

#include "core/statement.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

struct Target {
    core::Operation operation;
    Oid relid;  // InvalidOid: no table
};

// FROM order is lost in a plan, where subqueries are pulled up. So the planner hook notes it for
// statements with an identifier; forgotten ones fall back to the order of the range table.
void NoteTarget(const Query& query);
Target TargetOf(const PlannedStmt& plan);

core::Operation OperationOf(CmdType command);

// The table's place in the directory; looks names up in the catalogue when it is new there or its
// names changed.
uint32 TableIndexOf(Oid relid);
// Of a table known by name only.
uint32 TableIndexOf(const char* schema, const char* table);

}  // namespace elile::capture
