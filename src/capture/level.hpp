// Tells at which level something runs: at top level, as what a client sent, or nested in it.
//
// Whatever begins while a statement or a planner runs is nested. Each run sets the level itself and
// restores the one that it found. An error passes two kinds of runs. CallNested() and utilities
// have a handler. It fails the executions inside first, so that none of them restores its level
// later. An Execution of a plan has none, and fails when its memory goes or its subtransaction
// does.
//
// The server also runs code between these: functions in the parameters of EXECUTE or of a message,
// in the partition pruning of ExecutorStart, and in triggers that are deferred to the commit. So
// what is at top level must also be what the client's portal has.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// True while a statement or a planner runs.
extern bool is_nested;

// Counts all that runs as failed, which leaves nothing nested. To be called where an error passes
// the outermost run.
void FailNested();

// These tell the level of what runs outside any statement that we saw begin.
bool IsNestedBetween(const PlannedStmt& statement, const char* source);
bool IsPlannedBetween(const char* source);

// Whether a statement that is about to run is nested. `source` is its text as it came to us.
inline bool IsNested(const PlannedStmt& statement, const char* source) {
    if (is_nested) {
        return true;
    }
    const PortalData* portal = ActivePortal;
    const bool is_sent = portal != nullptr && portal->sourceText == source &&
                         (portal->name[0] != '<' || !portal->visible);
    return !is_sent && IsNestedBetween(statement, source);
}

// Whether what is about to be planned is nested.
inline bool IsPlannedNested(const char* source) {
    return is_nested ||
           ((ActivePortal != nullptr || source != debug_query_string) && IsPlannedBetween(source));
}

// Calls into the server with all that runs in it nested.
template <typename Call>
void CallNested(Call call) {
    if (is_nested) {
        call();
        return;
    }
    PG_TRY();
    {
        is_nested = true;
        call();
    }
    PG_CATCH();
    {
        FailNested();
        PG_RE_THROW();
    }
    PG_END_TRY();
    is_nested = false;
}

}  // namespace elile::capture
