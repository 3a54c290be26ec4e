#include "exporter/verifier.hpp"

#include <crypt.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

namespace elile::exporter {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPlaces = 8;  // in a lane: so many serving threads may wait there
constexpr std::chrono::milliseconds kLongestWait(1500);
constexpr std::chrono::milliseconds kLongestRest(1000);

// This takes the same time whatever it finds.
bool IsEqual(std::string_view left, std::string_view right) {
    unsigned char difference = left.size() == right.size() ? 0 : 1;
    for (std::size_t at = 0; at < left.size(); ++at) {
        const char other = right.empty() ? '\0' : right[at % right.size()];
        difference |= static_cast<unsigned char>(left[at] ^ other);
    }
    return difference == 0;
}

bool IsRight(const std::string& password, const std::string& hash) {
    const auto room = std::make_unique<crypt_data>();
    const char* made = crypt_r(password.c_str(), hash.c_str(), room.get());
    const bool is_right = made != nullptr && made[0] != '*' && IsEqual(made, hash);
    explicit_bzero(room.get(), sizeof(*room));
    return is_right;
}

template <typename Work>
std::thread StartThread(Work work) {
    try {
        return std::thread(work);
    } catch (const std::system_error& error) {
        throw std::system_error(error.code(), "could not start a thread");
    }
}

}  // namespace

Verifier::Verifier() : thread_(StartThread([this] { Run(); })) {}

Verifier::~Verifier() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    work_.notify_all();
    thread_.join();
}

bool Verifier::HasPlace(const Lane& lane, std::uint64_t source) const {
    const auto of_source = std::count_if(lane.begin(), lane.end(), [source](const auto& other) {
        return other->attempt.source == source;
    });
    return lane.size() < kPlaces && static_cast<std::size_t>(of_source) < kPlaces / 2;
}

Verifier::Verdict Verifier::Verify(Attempt attempt) {
    const auto deadline = Clock::now() + kLongestWait;
    std::unique_lock lock(mutex_);
    Lane& lane = lanes_[attempt.has_come_again ? 0 : 1];
    if (!HasPlace(lane, attempt.source)) {
        return Verdict::kNoTime;
    }
    const auto mine = std::make_shared<Waiting>();
    mine->attempt = std::move(attempt);
    lane.push_back(mine);
    work_.notify_all();
    if (!done_.wait_until(lock, deadline, [&mine] { return mine->is_done; })) {
        std::erase(lane, mine);
    }
    return mine->verdict;
}

// Takes the next one that waits, those that come again first; null where nobody waits.
std::shared_ptr<Verifier::Waiting> Verifier::Next() {
    for (Lane& lane : lanes_) {
        if (!lane.empty()) {
            auto next = lane.front();
            lane.pop_front();
            return next;
        }
    }
    return nullptr;
}

void Verifier::Run() {
    constexpr int kNiceness = 10;
    // This lowers this thread's priority only. Guessing must not take the server's processors.
    setpriority(PRIO_PROCESS, 0, kNiceness);
    std::unique_lock lock(mutex_);
    while (!is_ending_) {
        const std::shared_ptr<Waiting> waiting = Next();
        if (waiting == nullptr) {
            work_.wait(lock);
            continue;
        }
        lock.unlock();
        const auto began = Clock::now();
        Attempt& attempt = waiting->attempt;
        const bool is_right = IsRight(attempt.password, attempt.hash);
        explicit_bzero(attempt.password.data(), attempt.password.size());
        attempt.finish(is_right);
        const Clock::duration took = Clock::now() - began;
        lock.lock();
        waiting->verdict = is_right ? Verdict::kRight : Verdict::kWrong;
        waiting->is_done = true;
        done_.notify_all();
        if (!is_right) {
            // This rest lets guessing take half of a processor at most.
            work_.wait_for(lock, std::min<Clock::duration>(took, kLongestRest),
                           [this] { return is_ending_; });
        }
    }
}

}  // namespace elile::exporter
