#include "exporter/users.hpp"

#include <crypt.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>

namespace elile::exporter {
namespace {

// Takes as long whatever it finds.
bool IsEqual(std::string_view left, std::string_view right) {
    unsigned char difference = left.size() == right.size() ? 0 : 1;
    for (std::size_t at = 0; at < left.size(); ++at) {
        const char other = right.empty() ? '\0' : right[at % right.size()];
        difference |= static_cast<unsigned char>(left[at] ^ other);
    }
    return difference == 0;
}

std::optional<std::string> FromBase64(std::string_view text) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    unsigned bits = 0;
    int held = 0;
    while (!text.empty() && text.back() == '=') {
        text.remove_suffix(1);
    }
    for (const char digit : text) {
        const std::size_t value = kDigits.find(digit);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>(bits >> held & 0xff);
        }
    }
    if (held == 6) {
        return std::nullopt;  // a digit that begins a byte and has no second one
    }
    return out;
}

// As the server wants it of its private keys: nobody else may read it, but root may own it and let
// the server's group read.
bool IsPrivate(const struct stat& status) {
    const mode_t forbidden = status.st_uid == 0 ? S_IRWXO | S_IWGRP | S_IXGRP : S_IRWXO | S_IRWXG;
    return (status.st_mode & forbidden) == 0;
}

bool IsSameTime(const timespec& left, const timespec& right) {
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

}  // namespace

Users::Version Users::VersionOf(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        Version missing;
        missing.error = errno;
        return missing;
    }
    return {status.st_dev, status.st_ino, status.st_size, status.st_mtim, status.st_ctim, 0};
}

std::string Users::Read(const std::string& path) {
    const std::string subject = "metrics_auth_file \"" + path + "\" ";
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        return subject + "cannot be read: " + std::strerror(errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return subject + "is no regular file";
    }
    if (!IsPrivate(status)) {
        return subject +
               "can be read by others and is refused; its mode must be 0600, or 0640 if root owns "
               "it";
    }
    std::ifstream file(path);
    if (!file) {
        return subject + "cannot be read: " + std::strerror(errno);
    }
    int number = 0;
    std::string fault;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        const std::size_t colon = line.find(':');
        if (line.empty() || line[0] == '#') {
            continue;
        }
        if (colon == std::string::npos || colon == 0 || colon + 1 == line.size()) {
            fault = subject + "has no user:hash in line " + std::to_string(number);
            continue;
        }
        hashes_[line.substr(0, colon)] = line.substr(colon + 1);
    }
    return hashes_.empty() && fault.empty() ? subject + "holds no user" : fault;
}

std::string Users::Refresh(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const Version version = path.empty() ? Version{} : VersionOf(path);
    if (path == path_ && version.device == version_.device && version.inode == version_.inode &&
        version.size == version_.size && version.error == version_.error &&
        IsSameTime(version.modified, version_.modified) &&
        IsSameTime(version.changed, version_.changed)) {
        return {};
    }
    path_ = path;
    version_ = version;
    hashes_.clear();
    granted_.clear();
    ++readings_;
    return path.empty() ? std::string() : Read(path);
}

bool Users::Verify(const std::string& password, const std::string& hash) const {
    // One at a time: guessing must not take more than a processor.
    const std::lock_guard lock(hashing_);
    const auto room = std::make_unique<crypt_data>();
    const char* made = crypt_r(password.c_str(), hash.c_str(), room.get());
    return made != nullptr && made[0] != '*' && IsEqual(made, hash);
}

Users::Access Users::Check(std::string_view authorization) const {
    constexpr std::string_view kScheme = "Basic ";
    std::unique_lock lock(mutex_);
    if (path_.empty()) {
        return Access::kGranted;
    }
    if (hashes_.empty()) {
        return Access::kNoUsableFile;
    }
    if (!granted_.empty() && IsEqual(authorization, granted_)) {
        return Access::kGranted;
    }
    if (authorization.size() < kScheme.size() ||
        strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
        return Access::kDenied;
    }
    const auto credentials = FromBase64(authorization.substr(kScheme.size()));
    const std::size_t colon = credentials ? credentials->find(':') : std::string::npos;
    // crypt(3) would take a password with a NUL for the part before it.
    if (colon == std::string::npos || credentials->find('\0') != std::string::npos) {
        return Access::kDenied;
    }
    const auto known = hashes_.find(credentials->substr(0, colon));
    // A user who is not there takes as long as one who is.
    const std::string hash = known != hashes_.end() ? known->second : hashes_.begin()->second;
    const bool is_known = known != hashes_.end();
    const std::uint64_t reading = readings_;
    lock.unlock();
    if (!Verify(credentials->substr(colon + 1), hash) || !is_known) {
        return Access::kDenied;
    }
    lock.lock();
    if (reading == readings_) {
        granted_ = authorization;
    }
    return Access::kGranted;
}

bool Users::AreRequired() const {
    const std::lock_guard lock(mutex_);
    return !path_.empty();
}

}  // namespace elile::exporter
