// Renders a plan as EXPLAIN shows it.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// Raises an error when EXPLAIN would take longer than most_ms over the names of columns. It makes
// the names of each range table entry unique by comparing all with all, without a look for an
// interrupt.
void CheckNames(const PlannedStmt& plan, int most_ms);

// Returns the plan of a query that ran, in the current memory context. It has rows and times where
// they were collected, and what extensions add if `extended`. If `hides`, literals become $n,
// numbered as in the statement's normalised text. It looks at the catalogue. It runs type output
// functions unless `hides`, and extensions' code if `extended`. So it belongs in a subtransaction.
const char* ExplainPlan(QueryDesc* query, bool hides, bool extended);

// Returns the text of a plan that is not running: nothing of it is run, and no right on a table is
// asked for. The caller holds the locks on its tables that the plan needs. The plan is changed, so
// it must be the caller's own copy. `source` is the statement, whose first byte is at `location` as
// the plan's literals count.
const char* ExplainCopiedPlan(PlannedStmt* plan, const char* source, int location, bool hides);

// Cuts a plan's text at a line's end so that it has at most log_plan_max_length bytes, and says so
// in its last line.
const char* CutPlan(const char* text);

}  // namespace elile::capture
