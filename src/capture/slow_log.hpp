// What is kept and written of an execution that was slow.
#pragma once

#include "capture/execution.hpp"
#include "capture/slow_details.hpp"
#include "core/slow_ring.hpp"

namespace elile::capture {

// Puts it into the ring and, unless switched off, into the server log. `query` is null where its
// plan can't be looked at: then, and in an error's handler, this is memory only. A plan that failed
// gets its text later.
void KeepSlow(const Execution& execution, int sqlstate, QueryDesc* query);

// Within the limits of log_rate_limit.
void WriteLogLine(const core::SlowRecord& record, const SlowText& text);

}  // namespace elile::capture
