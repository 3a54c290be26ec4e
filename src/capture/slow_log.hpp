// What is kept and written of an execution that was slow.
#pragma once

#include "capture/execution.hpp"

namespace elile::capture {

// Puts it into the ring and, unless switched off, into the server log. Safe in an error's handler.
void KeepSlow(const Execution& execution, int sqlstate);

}  // namespace elile::capture
