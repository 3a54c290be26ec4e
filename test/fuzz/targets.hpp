// The targets that need no server. Each takes one input, and ends the program where something is
// wrong.
#pragma once

#include "fuzz/fuzz.hpp"

namespace elile::fuzz {

// A request's bytes, on a connection to the exporter's server.
void TakeRequest(Input input);
// Parts: metrics_auth_file, then values of the header Authorization.
void TakeUsers(Input input);
// Parts: names of anything that becomes a label, and the header Accept-Encoding.
void TakeNames(Input input);
// Edits of a text.
void TakeEdits(Input input);
// Bytes of a segment that are not what the server wrote.
void TakeSegment(Input input);
// What a saved file may have: records in a sound frame, or frames.
void TakeSaved(Input input);

}  // namespace elile::fuzz
