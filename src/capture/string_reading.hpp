// Tells how the plain strings of a statement were read when it was parsed.
//
// That may have been under another standard_conforming_strings than the session has now: a message
// is parsed as a whole before its first statement runs, and prepared statements are kept. So the
// text itself tells. Only where a quote stands behind a backslash the two ways differ, and then
// nearly always one of them makes no statement.
#pragma once

#include "capture/token_scan.hpp"

namespace elile::capture {

enum class StringReading {
    kConforming,  // a backslash is a character, or the text has no string where it matters
    kEscaping,    // a backslash takes the next character's meaning
    kUnknown      // the text makes a statement in both ways
};

// Leaves what it needed in the current memory context. Raises no error but out of memory.
StringReading ReadingOf(const char* text, Size length);

}  // namespace elile::capture
