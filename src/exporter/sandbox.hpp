// What the process gives up before it listens to anybody.
#pragma once

namespace elile::exporter {

// Ends with the keeper, dumps no core, gains no privilege, and, where the kernel has seccomp, makes
// no system call but those that serving takes: it can start no program, open no file and reach no
// other process. Before any thread is started. Returns 0 when seccomp is in force, else an errno.
int EnterSandbox();

}  // namespace elile::exporter
