#include "exporter/users.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>
#include <sstream>
#include <utility>

#include "core/snapshot/exporter_link.hpp"

namespace elile::exporter {
namespace {

// There is room for the guesses of some seconds, in 512 kB.
constexpr std::size_t kMostSeen = 65536;

constexpr std::size_t kMostBytes = 1 << 20;  // the largest file that is read

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
        return std::nullopt;  // the last digit has only six bits of a byte
    }
    return out;
}

// Returns the decoded name:password; nothing where there is none.
std::optional<std::string> CredentialsOf(std::string_view authorization) {
    constexpr std::string_view kScheme = "Basic ";
    if (authorization.size() < kScheme.size() ||
        strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
        return std::nullopt;
    }
    auto credentials = FromBase64(authorization.substr(kScheme.size()));
    // crypt(3) would take a password with a NUL for the part before it.
    if (credentials && (credentials->find(':') == std::string::npos ||
                        credentials->find('\0') != std::string::npos)) {
        return std::nullopt;
    }
    return credentials;
}

// The rule is the server's own for private keys: nobody else may read the file. Where root owns it
// the server's group may read it too.
bool IsPrivate(const struct stat& status) {
    const mode_t forbidden = status.st_uid == 0 ? S_IRWXO | S_IWGRP | S_IXGRP : S_IRWXO | S_IRWXG;
    return (status.st_mode & forbidden) == 0;
}

// Returns false with errno. `text` then has at most one byte more than kMostBytes, which tells that
// the file is too large.
bool ReadAll(int descriptor, std::string* text) {
    text->resize(kMostBytes + 1);
    std::size_t length = 0;
    ssize_t got = 1;
    while (got > 0 && length < text->size()) {
        got = pread(descriptor, text->data() + length, text->size() - length,
                    static_cast<off_t>(length));
        length += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    text->resize(length);
    return got >= 0;
}

}  // namespace

Users::Users() : seen_(kMostSeen) {}

std::string Users::Read(const UsersFile& file) {
    const std::string subject = "metrics_auth_file \"" + file.path + "\" ";
    struct stat status {};
    std::string text;
    if (file.error == core::kNotRegular) {
        return subject + "is no regular file";
    }
    if (file.error != 0) {
        return subject + "cannot be read: " + std::strerror(file.error);
    }
    if (fstat(file.content.Get(), &status) != 0) {
        return subject + "cannot be read: " + std::strerror(errno);
    }
    if (!IsPrivate(status)) {
        return subject +
               "can be read by others and is refused; its mode must be 0600, or 0640 if root owns "
               "it";
    }
    if (!ReadAll(file.content.Get(), &text)) {
        return subject + "cannot be read: " + std::strerror(errno);
    }
    if (text.size() > kMostBytes) {
        return subject + "is refused: it has more than 1 MB";
    }
    return Parse(text, subject);
}

std::string Users::Parse(const std::string& text, const std::string& subject) {
    std::istringstream file(text);
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
        users_[line.substr(0, colon)].hash = line.substr(colon + 1);
    }
    return users_.empty() && fault.empty() ? subject + "holds no user" : fault;
}

std::string Users::Take(const UsersFile& file) {
    const std::lock_guard lock(mutex_);
    are_required_ = !file.path.empty();
    users_.clear();
    std::fill(seen_.begin(), seen_.end(), 0);
    ++readings_;
    return are_required_ ? Read(file) : std::string();
}

bool Users::IsGranted(const Digest& digest) const {
    bool is_granted = false;
    for (const auto& [name, user] : users_) {
        is_granted |= user.is_granted & user.granted.IsEqual(digest);
    }
    return is_granted;
}

// Returns the user whose hash is used to refuse an unknown name. The same name always gets the same
// user, so its answer takes as long as a known name's.
std::map<std::string, Users::User>::iterator Users::StandIn(std::string_view name) {
    const std::uint64_t place = hash_.Of(name).first % users_.size();
    return std::next(users_.begin(), static_cast<std::ptrdiff_t>(place));
}

Users::Seen Users::Find(const Digest& digest) const {
    const std::uint64_t kept = seen_[digest.second % kMostSeen];
    if ((kept | 1) != (digest.first | 1)) {
        return Seen::kNever;
    }
    return (kept & 1) != 0 ? Seen::kWrong : Seen::kHadNoPlace;
}

void Users::Remember(const Digest& digest, Seen seen) {
    seen_[digest.second % kMostSeen] =
        seen == Seen::kWrong ? digest.first | 1 : digest.first & ~UINT64_C(1);
}

void Users::Finish(const std::string& name, const Digest& digest, std::uint64_t reading,
                   bool is_right) {
    const std::lock_guard lock(mutex_);
    if (reading != readings_) {
        return;
    }
    const auto user = users_.find(name);
    if (is_right && user != users_.end()) {
        user->second.granted = digest;
        user->second.is_granted = true;
    } else {
        Remember(digest, Seen::kWrong);
    }
}

Users::Access Users::Check(std::string_view authorization, std::uint64_t source) {
    std::unique_lock lock(mutex_);
    if (!are_required_) {
        return Access::kGranted;
    }
    if (users_.empty()) {
        return Access::kNoUsableFile;
    }
    const auto credentials = CredentialsOf(authorization);
    if (!credentials) {
        return Access::kDenied;
    }
    const Digest digest = hash_.Of(*credentials);
    if (IsGranted(digest)) {
        return Access::kGranted;
    }
    const Seen seen = Find(digest);
    if (seen == Seen::kWrong) {
        return Access::kDenied;
    }
    const std::size_t colon = credentials->find(':');
    const std::string name = credentials->substr(0, colon);
    const auto stand_in = StandIn(name);
    const auto known = users_.find(name);
    const bool is_known = known != users_.end();
    const std::uint64_t reading = readings_;
    Verifier::Attempt attempt{
        credentials->substr(colon + 1), (is_known ? known : stand_in)->second.hash, source,
        seen == Seen::kHadNoPlace,
        [=, this](bool is_right) { Finish(name, digest, reading, is_right); }};
    lock.unlock();
    const Verifier::Verdict verdict = verifier_.Verify(std::move(attempt));
    lock.lock();
    if (verdict == Verifier::Verdict::kNoTime || reading != readings_) {
        // The verifier may have come to a verdict after the wait, and a wrong password stays
        // remembered as wrong.
        if (Find(digest) == Seen::kNever) {
            Remember(digest, Seen::kHadNoPlace);
        }
        return Access::kTooMany;
    }
    return verdict == Verifier::Verdict::kRight && is_known ? Access::kGranted : Access::kDenied;
}

bool Users::AreRequired() const {
    const std::lock_guard lock(mutex_);
    return are_required_;
}

}  // namespace elile::exporter
