// Divides a statement's text as the server's scanner does.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// Sets the statement's tokens, and how often each parameter is used.
void Scan(const char* text, Statement* statement);

}  // namespace elile::n_plus_one
