// Who may read: the users of a file, by HTTP's basic authentication (RFC 7617).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/keyed_hash.hpp"
#include "exporter/link.hpp"
#include "exporter/verifier.hpp"

namespace elile::exporter {

// The file has lines of user:hash as crypt(3) reads them; empty lines and lines that begin with #
// are skipped. Any thread.
//
// A user who was let in once is let in at once from then on. Everybody else takes a turn with the
// verifier, whatever the name: neither an answer nor its time tells whether a user exists.
class Users {
public:
    Users();

    // Reads the file; who was let in by what it had before is not any more. Returns what is to be
    // said of it: empty, or a line for the log. Before the first call nobody may read.
    std::string Take(const UsersFile& file);

    enum class Access { kGranted, kDenied, kTooMany, kNoUsableFile };
    // `authorization` is that header's value, or empty; `source` stands for where it came from.
    // Waits no longer than Verifier::Verify(). kTooMany is to come again, with the same password:
    // it has places of its own then, which guesses that are made once do not take.
    Access Check(std::string_view authorization, std::uint64_t source);

    // Whether access is limited at all.
    bool AreRequired() const;

private:
    struct User {
        std::string hash;
        // Of the name and password that were granted last, which are not kept themselves.
        Digest granted;
        bool is_granted = false;
    };
    enum class Seen { kNever, kHadNoPlace, kWrong };

    std::string Read(const UsersFile& file);
    std::string Parse(const std::string& text, const std::string& subject);

    bool IsGranted(const Digest& digest) const;
    std::map<std::string, User>::iterator StandIn(std::string_view name);
    void Finish(const std::string& name, const Digest& digest, std::uint64_t reading,
                bool is_right);
    Seen Find(const Digest& digest) const;
    void Remember(const Digest& digest, Seen seen);

    const KeyedHash hash_;
    mutable std::mutex mutex_;  // of what follows
    std::uint64_t readings_ = 0;
    bool are_required_ = true;
    std::map<std::string, User> users_;
    // Of what was not granted, the latest: each digest has one place, which others take from it.
    std::vector<std::uint64_t> seen_;

    Verifier verifier_;  // goes first: its thread calls Finish()
};

}  // namespace elile::exporter
