// Starts the exporter as a fresh process that inherits nothing of the server's.
#pragma once

#include <sys/types.h>

namespace elile::keeper {

// Starts `program` as a child process, and returns its process id, or -1 with errno.
//
// The child finds `segment` and `link` open at the descriptors that core/snapshot/exporter_link.hpp
// names. Its standard input and output are /dev/null, and its standard error is `link`. It has no
// other descriptor, no environment, and no blocked, ignored or handled signal. A child that cannot
// arrange that says why on `link`.
pid_t LaunchExporter(const char* program, int segment, int link);

}  // namespace elile::keeper
