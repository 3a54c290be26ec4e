// The exporter: a program of its own, started by the keeper, which reads the statistics segment and
// serves it over HTTP. docs/ARCHITECTURE.md says why it is none of the server's processes.
#include <malloc.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "core/snapshot/exporter_link.hpp"
#include "exporter/link.hpp"
#include "exporter/reader.hpp"
#include "exporter/sandbox.hpp"
#include "exporter/segment_view.hpp"
#include "exporter/server.hpp"
#include "exporter/users.hpp"

namespace elile::exporter {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::seconds;

class Exporter {
public:
    Exporter(const Link& link, const SegmentView& segment)
        : link_(link), reader_(segment), server_(reader_, users_) {}

    // Serves until the keeper is gone.
    void Run() {
        for (;;) {
            pollfd readable{link_.Descriptor(), POLLIN, 0};
            poll(&readable, 1, core::kAliveEveryMs);
            Configuration wanted;
            UsersFile users;
            switch (link_.Receive(&wanted, &users)) {
                case Link::Event::kEnd:
                    return;
                case Link::Event::kConfiguration:
                    Apply(wanted);
                    break;
                case Link::Event::kUsers:
                    Take(users);
                    break;
                case Link::Event::kNone:
                    break;
            }
            link_.SayAlive(server_.CountLogins());
            Tick();
        }
    }

private:
    void Apply(const Configuration& wanted) {
        const bool moves =
            wanted.port != configuration_.port || wanted.address != configuration_.address;
        configuration_ = wanted;
        server_.ShowQueries(wanted.shows_queries);
        if (moves) {
            server_.Stop();
            link_.SayState("starting", "");
            pause_ = Seconds(0);
            try_listening_at_ = Clock::now();
        }
    }

    void Tick() {
        const auto now = Clock::now();
        if (now >= note_sample_at_) {
            reader_.NoteSnapshot();
            note_sample_at_ = now + Seconds(1);
        }
        if (configuration_.port != 0 && now >= try_listening_at_ && server_.IsIdle()) {
            TryToListen();
        }
    }

    void Take(const UsersFile& users) {
        const std::string fault = users_.Take(users);
        if (!fault.empty()) {
            link_.Warn(fault);
        }
    }

    // Tries to listen. On failure it warns once, and tries again after 1, 2, 4 and up to 30
    // seconds.
    void TryToListen() {
        constexpr Seconds kLongestPause(30);
        const std::string place = Place();
        const std::string reason = server_.Listen(configuration_.address, configuration_.port);
        if (reason.empty()) {
            link_.SayState("listening", place);
            link_.Note("listening on " + place);
            pause_ = Seconds(0);
            return;
        }
        link_.SayState("cannot listen on " + place + ": " + reason + "; trying again", "");
        if (pause_ == Seconds(0)) {
            link_.Warn("could not listen on " + place + ": " + reason + "; trying again");
        }
        pause_ = std::clamp(2 * pause_, Seconds(1), kLongestPause);
        try_listening_at_ = Clock::now() + pause_;
    }

    std::string Place() const {
        const bool is_six = configuration_.address.find(':') != std::string::npos;
        return (is_six ? "[" + configuration_.address + "]" : configuration_.address) + ":" +
               std::to_string(configuration_.port);
    }

    const Link& link_;
    Reader reader_;
    Users users_;
    Server server_;
    Configuration configuration_;
    Seconds pause_{0};
    Clock::time_point try_listening_at_;
    Clock::time_point note_sample_at_;
};

// A scrape takes megabytes for a moment, and any thread may serve it. One arena for all threads,
// given back at once, keeps the process as small as one scrape.
void KeepMemorySmall() {
    constexpr int kTrimAbove = 256 * 1024;
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, kTrimAbove);
    mallopt(M_MMAP_THRESHOLD, kTrimAbove);
}

// Tells the keeper why the exporter did not start; returns the exit code.
int SayWhyNotStarted(const Link& link, const std::exception& error) {
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
        link.SayCannotServe(std::string("could not get memory: ") + std::strerror(ENOMEM), ENOMEM);
    } else {
        const auto* of_system = dynamic_cast<const std::system_error*>(&error);
        link.SayCannotServe(error.what(), of_system != nullptr ? of_system->code().value() : 0);
    }
    return core::kNotStarted;
}

int Main() {
    KeepMemorySmall();
    dup2(STDIN_FILENO, STDERR_FILENO);  // the link is for messages from now on
    const Link link(core::kLinkDescriptor);
    if (const int error = EnterSandbox(); error != 0) {
        link.Warn(std::string("could not limit its system calls by seccomp, and runs without that "
                              "limit: ") +
                      std::strerror(error),
                  "A container or an old kernel refuses prctl(PR_SET_NO_NEW_PRIVS) or seccomp: "
                  "allow them.");
    }
    bool has_begun = false;
    try {
        const SegmentView segment(core::kSegmentDescriptor);
        Exporter exporter(link, segment);
        has_begun = true;
        exporter.Run();
        std::_Exit(0);  // waits for no thread
    } catch (const std::exception& error) {
        if (!has_begun) {
            return SayWhyNotStarted(link, error);
        }
        link.Warn(error.what());
        return 1;
    }
}

}  // namespace
}  // namespace elile::exporter

int main() { return elile::exporter::Main(); }
