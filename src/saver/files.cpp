#include "saver/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace elile::saver {
namespace {

constexpr const char* kDirectory = "pg_stat_tmp";
constexpr const char* kNewBase = "pg_stat_tmp/elile_optimize.base.new";
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

FileError Failed(const char* step, const char* path) { return {step, path, errno}; }

// A file that is open, or why not. Whoever has one closes it.
struct OpenFile {
    int descriptor = -1;
    FileError error;
};

// A link is not followed, and a pipe is not waited for.
OpenFile Open(const char* path, int flags) {
    OpenFile file;
    file.descriptor = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, kOwnerOnly);
    struct stat status;
    if (file.descriptor < 0) {
        file.error = Failed("open", path);
    } else if (fstat(file.descriptor, &status) != 0) {
        file.error = Failed("look at", path);
    } else if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        file.error = Failed("use what is no regular", path);
    } else if (status.st_uid != geteuid()) {
        errno = EPERM;
        file.error = Failed("use another user's", path);
    }
    if (file.error.HasFailed() && file.descriptor >= 0) {
        close(file.descriptor);
        file.descriptor = -1;
    }
    return file;
}

bool WriteAll(int descriptor, std::string_view bytes, off_t at) {
    while (!bytes.empty()) {
        errno = 0;
        const ssize_t written = pwrite(descriptor, bytes.data(), bytes.size(), at);
        if (written <= 0) {
            if (written < 0 && errno == EINTR) {
                continue;
            }
            errno = errno == 0 ? ENOSPC : errno;
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        at += written;
    }
    return true;
}

std::string_view BytesOf(const core::FileHeader& header) {
    return {reinterpret_cast<const char*>(&header), sizeof(header)};
}

// Closes the file after all was written, or something was not.
FileError Finish(const OpenFile& file, const char* path, bool was_written) {
    FileError error;
    if (!was_written) {
        error = Failed("write", path);
    } else if (pg_fsync(file.descriptor) != 0) {
        error = Failed("fsync", path);
    }
    if (close(file.descriptor) != 0 && !error.HasFailed()) {
        error = Failed("close", path);
    }
    return error;
}

FileError SyncDirectory() {
    const int descriptor = open(kDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return Failed("open", kDirectory);
    }
    FileError error;
    // Some file systems have nothing to sync in a directory.
    if (pg_fsync(descriptor) != 0 && errno != EBADF && errno != EINVAL) {
        error = Failed("fsync", kDirectory);
    }
    close(descriptor);
    return error;
}

bool ReadAll(int descriptor, char* bytes, std::size_t length) {
    std::size_t have = 0;
    while (have < length) {
        errno = 0;
        const ssize_t got =
            pread(descriptor, bytes + have, length - have, static_cast<off_t>(have));
        if (got <= 0) {
            if (got < 0 && errno == EINTR) {
                continue;
            }
            errno = errno == 0 ? EIO : errno;
            return false;
        }
        have += static_cast<std::size_t>(got);
    }
    return true;
}

}  // namespace

FileContent ReadWholeFile(const char* path) {
    FileContent content;
    const OpenFile file = Open(path, O_RDONLY);
    if (file.error.HasFailed()) {
        content.is_there = file.error.number != ENOENT;
        content.error = content.is_there ? file.error : FileError();
        return content;
    }
    content.is_there = true;
    struct stat status;
    if (fstat(file.descriptor, &status) != 0) {
        content.error = Failed("look at", path);
    } else if (status.st_size > 0) {
        const auto length = static_cast<std::size_t>(status.st_size);
        content.bytes = static_cast<char*>(malloc(length));
        if (content.bytes == nullptr || !ReadAll(file.descriptor, content.bytes, length)) {
            content.error = Failed("read", path);
        } else {
            content.length = length;
        }
    }
    close(file.descriptor);
    return content;
}

FileError IdentifyDataDirectory(core::DataDirectory* directory) {
    struct statx status;
    if (statx(AT_FDCWD, DataDir, 0, STATX_INO | STATX_BTIME, &status) != 0) {
        return Failed("look at", DataDir);
    }
    constexpr uint64 kMillion = 1000000;
    *directory = {};
    directory->system_identifier = GetSystemIdentifier();
    directory->inode = status.stx_ino;
    directory->born_us = (status.stx_mask & STATX_BTIME) != 0
                             ? static_cast<uint64>(status.stx_btime.tv_sec) * kMillion +
                                   status.stx_btime.tv_nsec / 1000
                             : 0;
    directory->server_major = PG_VERSION_NUM / 10000;
    return {};
}

FileError WriteBase(const core::FileHeader& header, std::string_view frames) {
    // What is left of an attempt before may be anything. A link goes, not what it leads to.
    if (unlink(kNewBase) != 0 && errno != ENOENT) {
        return Failed("remove", kNewBase);
    }
    const OpenFile file = Open(kNewBase, O_WRONLY | O_CREAT | O_EXCL);
    if (file.error.HasFailed()) {
        return file.error;
    }
    const FileError error =
        Finish(file, kNewBase,
               WriteAll(file.descriptor, BytesOf(header), 0) &&
                   WriteAll(file.descriptor, frames, static_cast<off_t>(sizeof(header))));
    if (error.HasFailed()) {
        unlink(kNewBase);
        return error;
    }
    return rename(kNewBase, kBaseFile) != 0 ? Failed("rename", kNewBase) : SyncDirectory();
}

FileError RewriteBaseHeader(const core::FileHeader& header) {
    const OpenFile file = Open(kBaseFile, O_WRONLY);
    return file.error.HasFailed()
               ? file.error
               : Finish(file, kBaseFile, WriteAll(file.descriptor, BytesOf(header), 0));
}

FileError BeginLog(const core::FileHeader& header) {
    const OpenFile file = Open(kLogFile, O_WRONLY | O_CREAT);
    if (file.error.HasFailed()) {
        return file.error;
    }
    const FileError error =
        Finish(file, kLogFile,
               ftruncate(file.descriptor, 0) == 0 && WriteAll(file.descriptor, BytesOf(header), 0));
    return error.HasFailed() ? error : SyncDirectory();
}

FileError AppendToLog(std::size_t length, std::string_view frames) {
    const OpenFile file = Open(kLogFile, O_WRONLY);
    return file.error.HasFailed()
               ? file.error
               : Finish(file, kLogFile,
                        ftruncate(file.descriptor, static_cast<off_t>(length)) == 0 &&
                            WriteAll(file.descriptor, frames, static_cast<off_t>(length)));
}

}  // namespace elile::saver
