// What is kept and written of an execution that was slow.
#pragma once

#include "capture/execution.hpp"
#include "capture/slow_details.hpp"
#include "core/slow_ring.hpp"

namespace elile::capture {

// Puts it into the ring and, unless switched off, into the server log. `query` is null where its
// plan can't be looked at, as that of one that failed: then this is memory only, and safe in an
// error's handler. What failed gets its plan's text later.
void KeepSlow(const Execution& execution, int sqlstate, QueryDesc* query);

// Whether a line may be written now: enable_query_logging, and the limits of log_rate_limit.
bool TakesLogLine();

// Within these limits. Leaves what it needed in the current memory context.
void WriteLogLine(const core::SlowRecord& record, const SlowText& text);

}  // namespace elile::capture
