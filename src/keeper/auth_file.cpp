#include "keeper/auth_file.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/snapshot/exporter_link.hpp"
#include "pg/settings.hpp"

namespace elile::keeper {
namespace {

constexpr uint64 kLookEveryNs = 500000000;

// Two files with equal versions are taken for the same one.
struct Version {
    char path[MAXPGPATH];
    int error;
    dev_t device;
    ino_t inode;
    off_t size;
    timespec modified;
    timespec changed;
};

Version sent = {};
bool has_sent = false;
uint64 looked_ns = 0;

bool IsSame(const timespec& left, const timespec& right) {
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

bool IsSent(const Version& version) {
    return has_sent && strcmp(version.path, sent.path) == 0 && version.error == sent.error &&
           version.device == sent.device && version.inode == sent.inode &&
           version.size == sent.size && IsSame(version.modified, sent.modified) &&
           IsSame(version.changed, sent.changed);
}

void LookAt(Version* version) {
    const char* file = pg::Settings::metrics_auth_file;
    memset(version, 0, sizeof(*version));
    if (file[0] == '\0') {
        return;
    }
    if (is_absolute_path(file)) {
        strlcpy(version->path, file, sizeof(version->path));
    } else {
        pg_snprintf(version->path, sizeof(version->path), "%s/%s", DataDir, file);
    }
    struct stat status;
    if (stat(version->path, &status) != 0) {
        version->error = errno;
        return;
    }
    version->error = S_ISREG(status.st_mode) ? 0 : core::kNotRegular;
    version->device = status.st_dev;
    version->inode = status.st_ino;
    version->size = status.st_size;
    version->modified = status.st_mtim;
    version->changed = status.st_ctim;
}

// Returns -1 where no file is to be opened, and where opening failed, with the errno in the
// version. Only a regular file is opened: opening a device may do something, and opening a pipe may
// wait.
int Open(Version* version) {
    if (version->path[0] == '\0' || version->error != 0) {
        return -1;
    }
    const int file = open(version->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    version->error = file < 0 ? errno : 0;
    return file;
}

bool Send(int link, const char* path, int error, int file) {
    char text[MAXPGPATH + 32];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    iovec part = {text, static_cast<size_t>(pg_snprintf(text, sizeof(text), "%c%s\n%d\n",
                                                        core::kUsers, path, error))};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (file >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &file, sizeof(int));
    }
    return sendmsg(link, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace

void SendAuthFile(int link, uint64 now_ns, bool is_due) {
    static Version found;
    if (!is_due && now_ns - looked_ns < kLookEveryNs) {
        return;
    }
    looked_ns = now_ns;
    LookAt(&found);
    if (IsSent(found)) {
        return;
    }
    const int file = Open(&found);
    // A file that could not be opened is tried again, and told once.
    if (!IsSent(found)) {
        has_sent = Send(link, found.path, found.error, file);
        sent = found;
    }
    if (file >= 0) {
        close(file);
    }
}

void ForgetAuthFile() { has_sent = false; }

}  // namespace elile::keeper
