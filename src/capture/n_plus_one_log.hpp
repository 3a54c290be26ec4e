// Writes the server log's line on an N+1 pattern.
#pragma once

#include "core/n_plus_one/pattern.hpp"

namespace elile::capture {

// Writes the line if TakesLogLine() lets it. Leaves what it needed in the current memory context.
void LogPattern(core::NPlusOneHandle pattern);

}  // namespace elile::capture
