// Compares passwords with their hashes, which are made to cost time: one at a time, on a thread of
// its own, for a bounded number of those that wait.
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
        std::uint64_t source = 0;     // who asks; one source takes half of the places at most
        bool has_come_again = false;  // goes before those that have not, to places of its own
        // Called on the verifier's thread with the outcome, even where nobody waits for it any
        // more.
        std::function<void(bool is_right)> finish;
    };

    Verifier();
    ~Verifier();
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;

    // Waits for 1.5 s at most. kNoTime at once where there is no place, and where its turn does not
    // end in time. Any thread.
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

    std::mutex mutex_;  // of what follows
    std::condition_variable work_;
    std::condition_variable done_;
    std::array<Lane, 2> lanes_;  // of those that come again, of the others; in order of arrival
    bool is_ending_ = false;
    std::thread thread_;
};

}  // namespace elile::exporter
