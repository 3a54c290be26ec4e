#include "keeper/postmaster_state.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "pg/postgres.hpp"

namespace elile::keeper {
namespace {

// The beginning of a small file; empty when it cannot be read.
struct FileText {
    char text[2 * MAXPGPATH];
};

FileText ReadFile(const char* path) {
    FileText out = {};
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        const ssize_t length = read(file, out.text, sizeof(out.text) - 1);
        out.text[Max(length, 0)] = '\0';
        close(file);
    }
    return out;
}

// Whether the postmaster's status in postmaster.pid, which pg_ctl reads too, is this one.
bool IsStatus(const char* status) {
    const FileText file = ReadFile("postmaster.pid");
    const char* line = file.text;
    for (int number = 1; line != nullptr && number < LOCK_FILE_LINE_PM_STATUS; ++number) {
        line = strchr(line, '\n');
        line = line != nullptr ? line + 1 : nullptr;
    }
    return line != nullptr && strncmp(line, status, strlen(status)) == 0;
}

}  // namespace

bool AcceptsConnections() { return IsStatus(PM_STATUS_READY); }

bool IsShuttingDown() { return IsStatus(PM_STATUS_STOPPING); }

// The state follows the process's name, which stands in parentheses and may contain any character
// (proc(5)).
bool IsPostmasterStopped() {
    char path[64];
    pg_snprintf(path, sizeof(path), "/proc/%d/stat", PostmasterPid);
    const FileText file = ReadFile(path);
    const char* name_end = strrchr(file.text, ')');
    return name_end != nullptr && (name_end[2] == 'T' || name_end[2] == 't');
}

}  // namespace elile::keeper
