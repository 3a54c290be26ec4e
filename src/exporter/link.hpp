// The exporter's end of the socket pair to the keeper.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace elile::exporter {

struct Configuration {
    int port = 0;
    std::string address;    // IPv4 or IPv6
    std::string auth_file;  // absolute; empty: everybody may read
    bool shows_queries = false;
};

// Log-ins with a user or password that is wrong, and those that found no place to be checked.
struct Logins {
    std::uint64_t denied = 0;
    std::uint64_t refused = 0;
};

class Link {
public:
    explicit Link(int descriptor) : descriptor_(descriptor) {}

    int Descriptor() const { return descriptor_; }

    enum class Event { kNone, kConfiguration, kEnd };
    // Does not wait. kEnd when the keeper is gone.
    Event Receive(Configuration* configuration) const;

    // None of these waits or fails: a keeper that does not listen misses them. Any thread.
    void SayAlive(const Logins& logins) const;
    void SayState(std::string_view state, std::string_view address) const;
    void Warn(std::string_view line) const;
    void Note(std::string_view line) const;

private:
    void Send(char kind, std::string_view text) const;

    int descriptor_;
};

}  // namespace elile::exporter
