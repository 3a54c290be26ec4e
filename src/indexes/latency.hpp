// How long selects on a table took before an index was built and since, in the build's journal.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

// Both in a transaction. Nothing where the table has no statistics.
void NoteLatencyBefore(int64 build, Oid table);
// What was counted until now, so that later executions can be told apart from it.
void NoteLatencyThen(int64 build, Oid table);

// How many selects have been counted since, and the time in ms that 95 of 100 of them did not
// exceed. `counts_then` and `stats_since` are as NoteLatencyThen() left them.
struct LatencySince {
    int64 calls;
    double p95_ms;
};
LatencySince SelectsSince(Oid table, ArrayType* counts_then, TimestampTz stats_since);

}  // namespace elile::indexes
