// What is kept and written of an execution that was slow.
#pragma once

#include "capture/execution.hpp"
#include "capture/slow_details.hpp"
#include "core/statements/slow_ring.hpp"
#include "store/waiting_runs.hpp"

namespace elile::capture {

// Puts it into the ring and, unless switched off, into the server log. `query` is null where its
// plan can't be looked at, as that of one that failed: then this is memory only, but for the log
// line, and safe in an error's handler. The plan of one that failed, and the log line of an ending
// session, are left to others.
void KeepSlow(const Execution& execution, int sqlstate, QueryDesc* query);

// Whether a line may be written now: enable_query_logging, and the limits of log_rate_limit. Memory
// only.
bool TakesLogLine();

// A statement's text in the pool of texts, or words that say that there is none.
const char* TextForLine(uint32 id);

// Within these limits. Leaves what it needed in the current memory context.
void WriteLogLine(const core::SlowRecord& record, const SlowText& text);

// The line of another session, which took it. `run` is that session's.
void WriteLineOf(const store::WaitingRun& run, const SlowText& text);

}  // namespace elile::capture
