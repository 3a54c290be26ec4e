// Notes in a build's journal how long selects on its table took before the index was built, and
// compares later ones.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

// Both need a transaction. This one notes nothing where the table has no statistics.
void NoteLatencyBefore(int64 build, Oid table);
// Notes the counts until now, from which later executions can be told apart.
void NoteLatencyThen(int64 build, Oid table);

// The selects counted since a build, and the time in ms that 95 of 100 of them did not exceed.
// `counts_then` and `stats_since` are as NoteLatencyThen() left them.
struct LatencySince {
    int64 calls;
    double p95_ms;
};
LatencySince SelectsSince(Oid table, ArrayType* counts_then, TimestampTz stats_since);

}  // namespace elile::indexes
