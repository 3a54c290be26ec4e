// Tells strings that a program's author wrote from those that were made as it ran.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// To be called once, where objects are loaded that every session inherits.
void NoteLoadedObjects();

// Returns the length of the string that begins there and ends in the read-only data of a loaded
// object; -1 where it does not. It takes no lock and reads nothing that may not be read, so it may
// be called while an error is reported.
int LengthInReadOnlyData(const char* text);

}  // namespace elile::pg
