// Compares passwords with their hashes, which cost time on purpose. It takes one at a time, on a
// thread of its own, and lets a bounded number wait.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace elile::exporter {

class Verifier {
public:
    enum class Verdict { kRight, kWrong, kNoTime };

    struct Attempt {
        std::string password;
        std::string hash;             // as crypt(3) makes it
        std::uint64_t source = 0;     // who asks; it has half of the places at most
        bool has_come_again = false;  // goes first, and has places of its own
        // Called on the verifier's thread with the outcome, even where nobody waits for it any
        // more.
        std::function<void(bool is_right)> finish;
    };

    Verifier();
    ~Verifier();
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;

    // Waits for 1.5 s at most. Returns kNoTime at once where there is no place, and later where the
    // turn does not end in time. Any thread may call it.
    Verdict Verify(Attempt attempt);

private:
    struct Waiting {
        Attempt attempt;
        Verdict verdict = Verdict::kNoTime;
        bool is_done = false;
    };
    using Lane = std::deque<std::shared_ptr<Waiting>>;

    void Run();
    bool HasPlace(const Lane& lane, std::uint64_t source) const;
    std::shared_ptr<Waiting> Next();

    std::mutex mutex_;  // guards lanes_, what waits in them and is_ending_
    std::condition_variable work_;
    std::condition_variable done_;
    std::array<Lane, 2> lanes_;  // those that come again; the others
    bool is_ending_ = false;
    std::thread thread_;
};

}  // namespace elile::exporter
