// Knows which hook was entered last, so that a failure can tell its phase.
//
// A plan that is counted leaves its trace in `running` anyway. So only the other hooks note that
// they were entered, and nothing is written on the way of a counted plan.
#pragma once

#include "capture/execution.hpp"
#include "core/failures/failure.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

struct EnteredPhase {
    core::Phase phase;        // kUnknown: none
    const Execution* inside;  // what was running then
};
inline constexpr EnteredPhase kNoPhase = {core::Phase::kUnknown, nullptr};

extern EnteredPhase entered_phase;

// To be called before the nesting changes. Returns what LeavePhase() takes. After an error nobody
// leaves: who reports the error looks where it was raised.
inline EnteredPhase EnterPhase(core::Phase phase) {
    const EnteredPhase before = is_nested ? entered_phase : kNoPhase;
    entered_phase = {phase, running};
    return before;
}
inline void LeavePhase(const EnteredPhase& before) { entered_phase = before; }

// The same for a utility that has succeeded.
void LeaveUtility(const EnteredPhase& before);

// To be called while an error passes a counted utility, before what ran in it is counted.
void NoteFailedUtility(const Execution& utility);

// To be called before a statement is planned whose plan will not tell its table, and without one
// after that.
void NotePlanned(Oid table);
// To be called while an error passes the planning of a statement at top level.
void NoteFailedPlanning(const Query& query);
// Returns the table that was to be planned for, or that of the entries which the statement has, if
// they have one: its reference plus one, or 0.
uint32 TableOfFailed(uint64 queryid);

// To be called for each execution that is counted as failed. It is a failure of its own only where
// the log hides errors, since nobody reports it then. Touches memory only.
void NoteFailedExecution(const Execution& execution, int sqlstate);

// To be called when an error was caught.
void ForgetPhase();

}  // namespace elile::capture
