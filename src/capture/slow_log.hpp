// Keeps and logs an execution that was slow.
#pragma once

#include "capture/execution.hpp"
#include "capture/slow_details.hpp"
#include "core/statements/slow_record.hpp"
#include "store/waiting_runs.hpp"

namespace elile::capture {

// Puts the execution into the ring and, unless switched off, into the server log. `query` is null
// where its plan can't be looked at, as when it failed. Then this touches memory only, but for the
// log line, and is safe in an error's handler. Other processes render the plan of one that failed,
// and write the log line of an ending session.
void KeepSlow(const Execution& execution, int sqlstate, QueryDesc* query);

// Keeps what failed before it ran. Session, threshold and time are filled in here; the record's
// reference to its text is taken over. Where it has none, another process makes one of `source`,
// and the record is in the ring a moment later. Touches memory only.
void KeepUnrun(core::SlowRecord record, const char* source);

// Whether a line may be written now: enable_query_logging is on, and log_rate_limit leaves one.
// Touches memory only.
bool TakesLogLine();

struct LineText {
    const char* text;
    uint32 encoding;  // in which its database wrote it
};
// Returns a statement's text from the pool of texts, or words that say that there is none.
LineText TextForLine(uint32 id);

// Writes the line if TakesLogLine() lets it. Leaves what it needed in the current memory context.
void WriteLogLine(const core::SlowRecord& record, const SlowText& text);

// Writes the line of another session, which has taken it from the limit. `run` is that session's.
void WriteLineOf(const store::WaitingRun& run, const SlowText& text);

}  // namespace elile::capture
