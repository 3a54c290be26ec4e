// What a session looks at while the server reports an error.
#pragma once

#include "pg/compat.hpp"
#include "pg/postgres.hpp"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
extern "C" {
#include "replication/walsender.h"
#include "utils/ps_status.h"
}
#pragma GCC diagnostic pop

namespace elile::pg {

// Whether errors of this process do not go to the server log. LOG ranks between ERROR and FATAL
// there.
inline bool LogHidesErrors() { return LogMinMessages() == LOG || LogMinMessages() > ERROR; }

}  // namespace elile::pg
