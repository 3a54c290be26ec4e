// Finds names in utilities that stand for a value and not for an object of the database.
#pragma once

#include "capture/token_scan.hpp"

namespace elile::capture {

// Makes literals of the names of savepoints and of prepared statements that are dropped, of roles
// that a session takes on, and of all that a setting is set to. Drivers make such names up, and
// applications set a setting to another name for each of their users. The values of a list are one
// literal.
void MarkValueNames(const char* statement, Scan* scan);

}  // namespace elile::capture
