// The plan of a statement that fails, copied for who may look at the catalogue.
//
// When an error is raised, the plan is still whole but the session may not look anything up; when
// it may again, the plan is gone, and a session does nothing for us between its statements. So a
// slow statement's plan is copied, memory only, as the error passes its context callback. Once the
// execution has ended the copy is handed over, and a worker in the statement's database turns it
// into text.
#pragma once

#include "capture/execution.hpp"
#include "core/statements/lost_plans.hpp"
#include "store/waiting_runs.hpp"

namespace elile::capture {

// Of an execution that may fail, kept in this session until it has ended.
struct FailedCopy {
    const Execution* owner;  // while it runs; with its beginning, since records are used again
    uint64 owner_began_ns;
    uint64 plan_id;          // 0: no plan is kept
    bool hides;              // literals
    bool shares;             // its plan's text with other runs
    bool is_known;           // another run has left the plan's text
    bool is_shared;          // another run's copy waits
    store::WaitingRun* run;  // taken; null where nothing was copied
    core::LostPlan reason;   // why not, unless it is known
};

// Once, when the session's first statement begins: what the stack holds by then is not of
// statements.
void NoteStack();

// So that parameters of these types can be copied where the catalogue must not be asked.
void NoteTypesOf(ParamListInfo parameters);

// In an error context callback, of a plan that runs and has been slow already.
void CopyForFailure(const Execution& execution);

// What is kept of an execution, to the caller, who owns the run that was taken for it. False when
// nothing was.
bool TakeCopy(const Execution& execution, FailedCopy* copy);

// When the session ends: gives back what was taken and not handed over.
void ReleaseCopies();

}  // namespace elile::capture
