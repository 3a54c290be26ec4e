// The exporter's end of the socket pair to the keeper.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace elile::exporter {

struct Configuration {
    int port = 0;
    std::string address;  // IPv4 or IPv6
    bool shows_queries = false;
};

// Owns a descriptor, and closes it at its own end; -1 for none.
class OwnedDescriptor {
public:
    OwnedDescriptor() = default;
    ~OwnedDescriptor();
    OwnedDescriptor(const OwnedDescriptor&) = delete;
    OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;

    void Take(int descriptor);
    int Get() const { return descriptor_; }

private:
    int descriptor_ = -1;
};

// The file that the keeper found at metrics_auth_file.
struct UsersFile {
    std::string path;  // empty: everybody may read
    int error = 0;     // an errno, or core::kNotRegular; 0: `content` is the file
    OwnedDescriptor content;
};

// Counts of log-ins: denied ones had a wrong user or password, refused ones found no place to be
// checked.
struct Logins {
    std::uint64_t denied = 0;
    std::uint64_t refused = 0;
};

class Link {
public:
    explicit Link(int descriptor) : descriptor_(descriptor) {}

    int Descriptor() const { return descriptor_; }

    enum class Event { kNone, kConfiguration, kUsers, kEnd };
    // Does not wait, and fills the argument that belongs to the event. kEnd: the keeper is gone.
    Event Receive(Configuration* configuration, UsersFile* users) const;

    // None of these waits or fails: a keeper that does not listen misses them. Any thread may call
    // them.
    void SayAlive(const Logins& logins) const;
    void SayState(std::string_view state, std::string_view address) const;
    void Warn(std::string_view line, std::string_view hint = "") const;
    void Note(std::string_view line) const;
    void SayCannotServe(std::string_view why, int error) const;

private:
    void Send(char kind, std::string_view text) const;

    int descriptor_;
};

}  // namespace elile::exporter
