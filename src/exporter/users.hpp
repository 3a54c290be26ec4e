// Who may read: the users of a file, by HTTP's basic authentication (RFC 7617).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace elile::exporter {

// The file has lines of user:hash as crypt(3) reads them; empty lines and lines that begin with #
// are skipped. Any thread.
class Users {
public:
    // Reads the file if it is another one than last time, or has changed. Returns what is to be
    // said of it: empty, or a line for the log.
    std::string Refresh(const std::string& path);

    enum class Access { kGranted, kDenied, kNoUsableFile };
    // `authorization` is that header's value, or empty.
    Access Check(std::string_view authorization) const;

    // Whether access is limited at all.
    bool AreRequired() const;

private:
    struct Version {
        dev_t device = 0;
        ino_t inode = 0;
        off_t size = -1;
        timespec modified{};
        timespec changed{};
        int error = 0;
    };
    static Version VersionOf(const std::string& path);
    std::string Read(const std::string& path);
    bool Verify(const std::string& password, const std::string& hash) const;

    mutable std::mutex hashing_;
    mutable std::mutex mutex_;  // of what follows
    std::uint64_t readings_ = 0;
    std::string path_;
    Version version_;
    std::map<std::string, std::string> hashes_;
    // What was granted last: a password hash is made to cost time, and a scrape comes every few
    // seconds.
    mutable std::string granted_;
};

}  // namespace elile::exporter
