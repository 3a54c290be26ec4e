#include <crypt.h>

#include <map>
#include <string>

#include "exporter/users.hpp"
#include "fuzz/sample.hpp"
#include "fuzz/targets.hpp"

namespace elile::fuzz {
namespace {

using exporter::Users;

// Hashes by these take microseconds. What others take says nothing of the code under test.
bool IsQuick(std::string_view hash) {
    return hash.size() < 64 && !hash.starts_with('$') && !hash.starts_with('_');
}

bool AreQuick(std::string_view file) {
    while (!file.empty()) {
        const std::size_t end = file.find('\n');
        const std::string_view line = file.substr(0, end);
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && !IsQuick(line.substr(colon + 1))) {
            return false;
        }
        file.remove_prefix(end == std::string_view::npos ? file.size() : end + 1);
    }
    return true;
}

std::string ToBase64(std::string_view text) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    unsigned bits = 0;
    int held = 0;
    for (const char c : text) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        held += 8;
        for (; held >= 6; held -= 6) {
            out += kDigits[bits >> (held - 6) & 63];
        }
    }
    if (held > 0) {
        out += kDigits[bits << (6 - held) & 63];
    }
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

// The file's users as its documentation has them.
std::map<std::string, std::string> UsersOf(std::string_view file) {
    std::map<std::string, std::string> users;
    while (!file.empty()) {
        const std::size_t end = file.find('\n');
        std::string_view line = file.substr(0, end);
        file.remove_prefix(end == std::string_view::npos ? file.size() : end + 1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        const std::size_t colon = line.find(':');
        if (!line.starts_with('#') && colon != std::string_view::npos && colon > 0 &&
            colon + 1 < line.size()) {
            users[std::string(line.substr(0, colon))] = line.substr(colon + 1);
        }
    }
    return users;
}

bool IsRight(const std::map<std::string, std::string>& users, std::string_view credentials) {
    const std::size_t colon = credentials.find(':');
    if (colon == std::string_view::npos || credentials.find('\0') != std::string_view::npos) {
        return false;
    }
    const auto user = users.find(std::string(credentials.substr(0, colon)));
    if (user == users.end()) {
        return false;
    }
    crypt_data room{};
    const std::string password(credentials.substr(colon + 1));
    const char* made = crypt_r(password.c_str(), user->second.c_str(), &room);
    return made != nullptr && made[0] != '*' && made == user->second;
}

// A wrong guess costs the next one a rest, so only a few are made.
bool IsGranted(Users& users, const std::string& header, std::uint64_t source) {
    Users::Access access = Users::Access::kTooMany;
    for (int tries = 0; tries < 20 && access == Users::Access::kTooMany; ++tries) {
        access = users.Check(header, source);
    }
    return access == Users::Access::kGranted;
}

}  // namespace

void TakeUsers(Input input) {
    static auto& users = *new Users;
    const std::string file(input.Part());
    if (!AreQuick(file)) {
        return;
    }
    exporter::UsersFile given;
    given.path = "users";
    given.content.Take(FileOf(file));
    const std::string fault = users.Take(given);
    const std::map<std::string, std::string> known = UsersOf(file);
    Require(known.empty() <= !fault.empty(), "a file without a user is told of");
    constexpr int kMostHeaders = 4;
    for (int at = 0; at < kMostHeaders && !input.IsAtEnd(); ++at) {
        const std::string part(input.Part());
        IsGranted(users, part, static_cast<std::uint64_t>(at));
        // The part as credentials that are well written.
        const bool is_granted = IsGranted(users, "Basic " + ToBase64(part), 1);
        Require(is_granted == IsRight(known, part),
                "who has the password, and nobody else, is let in");
    }
}

}  // namespace elile::fuzz
