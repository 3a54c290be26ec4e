// A plan as EXPLAIN shows it.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// EXPLAIN makes the names of each range table entry's columns unique by comparing all with all, and
// looks for no interrupt meanwhile. An error when that would take longer.
void CheckNames(const PlannedStmt& plan, int most_ms);

// The plan of a query that ran, with rows and times where they were collected, in the current
// memory context; without its literals if `hides`: they become $n, with the numbers that they have
// in the statement's normalised text; with what extensions add to it if `extended`. Looks at the
// catalogue, runs type output functions unless `hides`, and extensions' code if `extended`, so it
// belongs into a subtransaction.
const char* ExplainPlan(QueryDesc* query, bool hides, bool extended);

// Of a plan that is not running: nothing of it is run, and no right on a table is asked for. Its
// tables are locked by the caller as the plan has them. The plan must be a copy of its own, for it
// is changed. `source` is the statement, which begins at `location` as the plan's literals count.
const char* ExplainCopiedPlan(PlannedStmt* plan, const char* source, int location, bool hides);

// Cuts a plan's text at a line's end so that it has at most log_plan_max_length bytes, and says so
// in its last line.
const char* CutPlan(const char* text);

}  // namespace elile::capture
