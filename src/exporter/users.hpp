// Decides who may read: the users of a file, by HTTP's basic authentication (RFC 7617).
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

// The file has lines of user:hash as crypt(3) reads them. Empty lines and lines that begin with #
// are skipped. Any thread may use an object.
//
// A user who was let in once is let in at once from then on. Everybody else takes a turn with the
// verifier, whatever the name: neither an answer nor its time tells whether a user exists.
class Users {
public:
    Users();

    // Reads the file. Whoever was let in by an earlier file must log in again. Returns a line for
    // the log, or an empty text. Before the first call nobody may read.
    std::string Take(const UsersFile& file);

    enum class Access { kGranted, kDenied, kTooMany, kNoUsableFile };
    // `authorization` is that header's value, or empty; `source` stands for the client's network
    // address. Waits no longer than Verifier::Verify(). kTooMany asks the client to come again with
    // the same password. It then has a place among those that come again, which guesses made only
    // once do not take.
    Access Check(std::string_view authorization, std::uint64_t source);

    // Whether users must log in at all.
    bool AreRequired() const;

private:
    struct User {
        std::string hash;
        // The digest of the name and password that were granted last. They are not kept themselves.
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
    mutable std::mutex mutex_;  // guards all members below but verifier_
    std::uint64_t readings_ = 0;
    bool are_required_ = true;
    std::map<std::string, User> users_;
    // The latest digests that were not granted. Each has one place, from which another digest may
    // push it out.
    std::vector<std::uint64_t> seen_;

    Verifier verifier_;  // last, so that it ends first: its thread calls Finish()
};

}  // namespace elile::exporter
