// Hands the file of users to the exporter, which may open nothing itself.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// Opens the file that metrics_auth_file names and sends it over `link`, unless it is the one that
// was sent last. It looks at the file each half second, or at once where `is_due`. It waits for
// nobody: a file that the exporter does not take is sent the next time.
void SendAuthFile(int link, uint64 now_ns, bool is_due);

// Must be called for each exporter that is started, since it knows no file yet.
void ForgetAuthFile();

}  // namespace elile::keeper
