// Commands that do not run inside a transaction block, and so not through SPI.
#pragma once

namespace elile::keeper {

// Runs one utility command in transactions of its own, as a client's simple query. None is open
// before or after it. An error is the caller's to catch, who then calls AbortCurrentTransaction.
void RunCommand(const char* sql);

}  // namespace elile::keeper
