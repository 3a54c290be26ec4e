// Hands the file of users to the exporter, which may open nothing itself.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// Opens what metrics_auth_file names and sends it over `link`, where it is not what was sent last.
// Looks when half a second has passed, or at once where `is_due`. Waits for nobody: what the
// exporter does not take is sent the next time.
void SendAuthFile(int link, uint64 now_ns, bool is_due);

// For an exporter that has just been started.
void ForgetAuthFile();

}  // namespace elile::keeper
