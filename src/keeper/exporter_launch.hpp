// From the keeper to a fresh process that has nothing of the server's.
#pragma once

#include <sys/types.h>

namespace elile::keeper {

// The child finds `segment` and `link` open where core/exporter_link.hpp says, /dev/null in the
// standard places but for errors, which go to `link`, no other descriptor, no environment, no
// blocked, ignored or handled signal. Where that cannot be had it says why on `link`.
// Returns its process id, or -1 with errno.
pid_t LaunchExporter(const char* program, int segment, int link);

}  // namespace elile::keeper
