// Restores what was saved before the server was started.
#pragma once

namespace elile::saver {

// Adds it to the segment, and tells the log from where it came or why nothing did.
void RestoreSaved();

}  // namespace elile::saver
