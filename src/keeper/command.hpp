// Runs commands that PostgreSQL refuses inside a transaction block, and so through SPI.
#pragma once

namespace elile::keeper {

// Runs one utility command in transactions of its own, as if a client sent it. No transaction is
// open before or after it. The caller catches an error, and then calls AbortCurrentTransaction().
void RunCommand(const char* sql);

}  // namespace elile::keeper
