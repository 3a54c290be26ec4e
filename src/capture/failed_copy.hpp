// The plan of a statement that fails, for as long as the catalogue can't be asked about it.
//
// When an error is raised, the plan is still whole but the session may not look anything up; when
// it may again, the plan is gone. So a slow statement's plan is copied, memory only, as the error
// passes its context callback. Once the session has a sound transaction the copy becomes text. An
// idle session gets one at once, by the same interrupt that lets idle sessions catch up with
// invalidations; one that ends gets one before it goes.
#pragma once

#include "capture/execution.hpp"
#include "capture/slow_details.hpp"
#include "core/slow_ring.hpp"

namespace elile::capture {

struct FailedCopy {
    FailedCopy* next;
    MemoryContext context;   // of the copy itself and all that it has
    const Execution* owner;  // while it runs; with its beginning, since records are used again
    uint64 owner_began_ns;
    PlanOfRun run;
    PlannedStmt* plan;
    const char* source;  // empty when it was too long
    bool keeps_parameters;
    ParamListInfo parameters;
    core::SlowRecord record;  // as it is in the ring, with a reference of its own to the text
};

// Once, when the session's first statement begins: what the stack holds by then is not of
// statements.
void NoteStack();

// In an error context callback, of a plan that runs and has been slow already.
void CopyForFailure(const Execution& execution);

// What was copied of an execution, which is the caller's now; null when nothing was.
FailedCopy* TakeCopy(const Execution& execution);
void DropCopy(FailedCopy* copy);

// Writes the copy's plan and parameters into the ring's record, and the record's log line, when
// the session next has a sound transaction. Takes over the copy and a reference to the text, unless
// it returns false: too many wait already.
bool WriteDownLater(FailedCopy* copy, const core::SlowRecord& record);

// Once the session is idle, when something waits to be written down. A failed transaction block
// answers no such request, so it is made again by the utility statement that ends the block.
void AskForTransaction();

// When the session ends.
void WriteDownAtExit();

}  // namespace elile::capture
