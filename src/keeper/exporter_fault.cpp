#include "keeper/exporter_fault.hpp"

namespace elile::keeper {
namespace {

const char* HintOnFinding(int error) {
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            return "Install it with the extension's library, from the same build or package.";
        case EACCES:
            return "The server's user must be allowed to execute it, on a file system that is not "
                   "mounted noexec.";
        default:
            return nullptr;
    }
}

const char* HintOnExecuting(int error) {
    switch (error) {
        case ENOENT:
            return "The program is there, but not the dynamic linker that it names: build the "
                   "extension for this system.";
        case ENOEXEC:
            return "Build and install the extension for this machine's architecture.";
        default:
            return HintOnFinding(error);
    }
}

const char* HintOnSystem(int error) {
    switch (error) {
        case EAGAIN:
            return "Raise how many processes and threads the server's user may have: ulimit -u, or "
                   "the limit on tasks of its service or container.";
        case EMFILE:
        case ENFILE:
            return "Raise how many files may be open: ulimit -n, or the limit of the server's "
                   "service or container.";
        case ENOMEM:
        case ENOSPC:
            return "Give the server more memory; a container's or ulimit's limit counts.";
        case EPERM:
        case EACCES:
        case ENOSYS:
            return "A container's seccomp profile, a security module or an old kernel refuses what "
                   "the exporter needs: allow it.";
        default:
            return nullptr;
    }
}

}  // namespace

StartFault FaultInWords(const char* words, int error) {
    StartFault fault = {"", HintOnSystem(error)};
    strlcpy(fault.why, words, sizeof(fault.why));
    return fault;
}

StartFault FaultOfStep(const char* step, int error) {
    StartFault fault = {"", nullptr};
    errno = error;
    pg_snprintf(fault.why, sizeof(fault.why), "could not %s: %m", step);
    if (strcmp(step, core::kFindProgram) == 0) {
        fault.hint = HintOnFinding(error);
    } else if (strcmp(step, core::kExecuteProgram) == 0) {
        fault.hint = HintOnExecuting(error);
    }
    if (fault.hint == nullptr) {
        fault.hint = HintOnSystem(error);
    }
    return fault;
}

StartFault FaultOfSegmentFile(const char* step, int error) {
    StartFault fault = {"", nullptr};
    errno = error;
    pg_snprintf(fault.why, sizeof(fault.why), "could not %s the memory file of the statistics: %m",
                step);
    switch (error) {
        case EFBIG:
            fault.hint =
                "Raise the limit on the size of files, ulimit -f, above what the "
                "statistics take, and restart the server.";
            break;
        case ENOENT:
            fault.hint = "Mount /proc, and restart the server.";
            break;
        default:
            fault.hint =
                "A container's seccomp profile, a security module or an old kernel refuses "
                "it: allow memfd_create and fallocate, and restart the server.";
            break;
    }
    return fault;
}

StartFault FaultOfLinker(const char* words) {
    StartFault fault = FaultInWords(words, 0);
    fault.hint = "Install what the program was linked with; ldd shows what it does not find.";
    return fault;
}

}  // namespace elile::keeper
