// Copies the plan of a statement that fails, for a process that may look at the catalogue.
//
// When an error is raised, the plan is still whole, but the session may not look anything up. When
// it may again, the plan is gone, and a session does nothing for us between its statements. So a
// slow statement's plan is copied, in memory only, as the error passes its context callback. Once
// the execution has ended, the copy is handed over. A worker in the statement's database turns it
// into text.
#pragma once

#include "capture/execution.hpp"
#include "core/statements/lost_plans.hpp"
#include "store/waiting_runs.hpp"

namespace elile::capture {

// The copy for an execution that may fail. The session keeps it until the execution has ended.
struct FailedCopy {
    const Execution* owner;  // while it runs; a record is used again, so its beginning tells
    uint64 owner_began_ns;
    uint64 plan_id;          // 0: no plan is kept
    bool hides;              // the plan's text hides literals
    bool shares;             // the plan's text serves other runs too
    bool is_known;           // another run has left that text
    bool is_shared;          // another run's copy waits
    store::WaitingRun* run;  // state Taken; null where nothing was copied
    core::LostPlan reason;   // why there is no run, unless is_known
};

// Notes how deep the stack is before any statement. To be called once, as the session's first
// statement begins.
void NoteStack();

// Looks up these parameters' types, so that CopyForFailure() can copy values without the catalogue.
void NoteTypesOf(ParamListInfo parameters);

// Copies the plan of an execution that has been slow already. To be called in an error context
// callback.
void CopyForFailure(const Execution& execution);

// Moves an execution's copy to the caller, who then owns its run. Returns false when nothing was
// copied.
bool TakeCopy(const Execution& execution, FailedCopy* copy);

// Gives back what was taken and not handed over. To be called when the session ends.
void ReleaseCopies();

}  // namespace elile::capture
