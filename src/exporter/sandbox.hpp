// Gives up the process's privileges before it listens to anybody.
#pragma once

namespace elile::exporter {

// The process then ends with the keeper, dumps no core and gains no privilege. Where the kernel has
// seccomp it makes only those system calls that serving takes. So it can start no program, open no
// file and reach no other process.
//
// Must be called before any thread is started. Returns 0 when seccomp is in force, else an errno.
int EnterSandbox();

}  // namespace elile::exporter
