#include "explore/explorer.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <sstream>
#include <utility>

#include "explore/accesses.hpp"
#include "explore/atomic.hpp"
#include "explore/fibres.hpp"

namespace elile::explore {
namespace {

constexpr std::uint64_t kMostSteps = 1000000;  // in one order: the product's loops are bounded
constexpr std::size_t kNobody = SIZE_MAX;

class Processes {
public:
    void Add(std::size_t process) { of_[size_++] = process; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::size_t operator[](std::size_t at) const { return of_[at]; }

private:
    std::array<std::size_t, 8> of_ = {};
    std::size_t size_ = 0;
};

// What may happen next. Process `current` goes on, unless it has ended; another one does; or all
// are killed, as the server does when one of them was.
struct Point {
    std::size_t current;  // kNobody: it has ended
    Processes others;
    bool is_shared;  // else nobody else may have a turn
    bool may_kill;
};
enum class Turn { kStay, kOther, kKill };
struct Choice {
    Turn turn;
    std::size_t other;  // place in Point::others
};

class Chooser {
public:
    virtual ~Chooser() = default;
    virtual Choice Choose(const Point& point) = 0;
    virtual bool FailsSpuriously() { return false; }
    virtual std::string Describe() const = 0;
};

// One order, while it is run.
class Run {
public:
    // Without `learns`, what is known of the memory stays as it is.
    Run(const Case& each, Accesses& accesses, bool learns, Chooser& chooser)
        : case_(each), accesses_(accesses), learns_(learns), chooser_(chooser) {}

    void Go(Fibres& fibres);
    void Step(const void* address, bool writes);
    void Fail(const char* what) {
        if (failure_.empty()) {
            failure_ = what;
        }
    }
    bool WasKilled() const { return was_killed_; }
    bool FailsSpuriously() { return chooser_.FailsSpuriously(); }
    std::uint64_t Steps() const { return steps_; }
    const std::string& Failure() const { return failure_; }

private:
    void Act(const Point& point);
    Processes Others() const;

    const Case& case_;
    Accesses& accesses_;
    bool learns_;
    Chooser& chooser_;
    Fibres* fibres_ = nullptr;
    std::size_t current_ = kNobody;  // whose turn it is
    bool was_killed_ = false;
    std::uint64_t steps_ = 0;
    std::string failure_;
};

Run* running = nullptr;

Processes Run::Others() const {
    Processes others;
    for (std::size_t process = 0; process < fibres_->Count(); ++process) {
        if (process != current_ && !fibres_->HasEnded(process)) {
            others.Add(process);
        }
    }
    return others;
}

void Run::Act(const Point& point) {
    const Choice choice = chooser_.Choose(point);
    if (choice.turn == Turn::kOther) {
        current_ = point.others[choice.other];
    } else if (choice.turn == Turn::kKill) {
        was_killed_ = true;
    }
}

void Run::Go(Fibres& fibres) {
    running = this;
    const std::unique_ptr<Scenario> scenario = case_.make();
    fibres_ = &fibres;
    fibres.Begin(scenario->Processes());
    for (Processes left = Others(); !left.empty(); left = Others()) {
        Act({kNobody, left, true, false});
        do {
            is_exploring = true;
            fibres.Resume(current_);
            is_exploring = false;
        } while (!was_killed_ && failure_.empty() && !fibres.HasEnded(current_));
        if (was_killed_ || !failure_.empty()) {
            break;
        }
        current_ = kNobody;
    }
    if (failure_.empty()) {
        scenario->Look();
    }
    running = nullptr;
}

void Run::Step(const void* address, bool writes) {
    const std::size_t process = current_;
    if (++steps_ > kMostSteps) {
        Fail("it does not end");
    }
    const bool is_shared =
        learns_ ? accesses_.Note(address, process, writes) : accesses_.MayBeShared(address);
    const bool may_kill = case_.kills && writes;
    if ((is_shared || may_kill) && failure_.empty()) {
        Act({process, Others(), is_shared, may_kill});
    }
    if (current_ != process || was_killed_ || !failure_.empty()) {
        fibres_->Yield();
    }
}

// Few switches find most faults: half of the orders have one to four, at places chosen beforehand
// (Burckhardt et al., ASPLOS 2010). The others switch at each step with one probability.
class RandomChooser : public Chooser {
public:
    RandomChooser(std::uint64_t seed, bool kills, std::uint64_t points) : seed_(seed) {
        random_.seed(seed);
        const auto within = [&] { return 1 + random_() % (points + points / 4 + 1); };
        if (random_() % 2 == 0) {
            for (std::uint64_t left = 1 + random_() % 4; left > 0; --left) {
                switches_.push_back(within());
            }
        } else {
            one_in_ = std::uint64_t{2} << random_() % 6;
        }
        kill_at_ = kills ? within() : 0;
    }
    Choice Choose(const Point& point) override {
        ++points_;
        if (point.current == kNobody) {
            return {Turn::kOther, random_() % point.others.size()};
        }
        if (point.may_kill && kill_at_ != 0 && points_ >= kill_at_) {
            return {Turn::kKill, 0};
        }
        if (point.is_shared && !point.others.empty() && Switches()) {
            return {Turn::kOther, random_() % point.others.size()};
        }
        return {Turn::kStay, 0};
    }
    bool FailsSpuriously() override { return random_() % 32 == 0; }
    std::string Describe() const override { return "seed " + std::to_string(seed_); }
    std::uint64_t Points() const { return points_; }

private:
    bool Switches() {
        if (one_in_ != 0) {
            return random_() % one_in_ == 0;
        }
        for (std::uint64_t& at : switches_) {
            if (at != 0 && points_ >= at) {
                at = 0;
                return true;
            }
        }
        return false;
    }

    std::uint64_t seed_;
    std::mt19937_64 random_;
    std::vector<std::uint64_t> switches_;  // points; 0 done
    std::uint64_t one_in_ = 0;
    std::uint64_t kill_at_ = 0;
    std::uint64_t points_ = 0;  // at which somebody could be chosen, so far
};

// Goes through all orders, depth first. What is chosen by default costs nothing; a preemption and a
// kill are each allowed so often.
class TreeChooser : public Chooser {
public:
    explicit TreeChooser(int bound) : bound_(bound) {}

    Choice Choose(const Point& point) override {
        const bool has_ended = point.current == kNobody;
        const bool may_switch = has_ended || (point.is_shared && preemptions_ < bound_);
        const std::size_t stay = has_ended ? 0 : 1;
        const std::size_t others = may_switch ? point.others.size() : 0;
        const std::size_t count = stay + others + (point.may_kill ? 1 : 0);
        const std::size_t chosen = count > 1 ? Take(count) : 0;
        if (chosen < stay) {
            return {Turn::kStay, 0};
        }
        if (chosen < stay + others) {
            preemptions_ += has_ended ? 0 : 1;
            return {Turn::kOther, chosen - stay};
        }
        return {Turn::kKill, 0};
    }
    std::string Describe() const override {
        std::ostringstream out;
        out << "choices";
        for (std::size_t at = 0; at < path_.size(); ++at) {
            if (path_[at].chosen != 0) {
                out << ' ' << at << ':' << path_[at].chosen;
            }
        }
        return out.str();
    }
    // Goes to the next order. Returns false after the last one.
    bool Next() {
        at_ = 0;
        preemptions_ = 0;
        while (!path_.empty() && path_.back().chosen + 1 >= path_.back().count) {
            path_.pop_back();
        }
        if (path_.empty()) {
            return false;
        }
        ++path_.back().chosen;
        return true;
    }

private:
    struct Taken {
        std::size_t chosen;
        std::size_t count;
    };

    std::size_t Take(std::size_t count) {
        if (at_ == path_.size()) {
            path_.push_back({0, count});
        }
        return path_[at_++].chosen;
    }

    int bound_;
    std::vector<Taken> path_;
    std::size_t at_ = 0;
    int preemptions_ = 0;
};

class Clock {
public:
    explicit Clock(double seconds)
        : end_(std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds)) {}
    bool IsOver() const { return std::chrono::steady_clock::now() >= end_; }

private:
    std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<double>> end_;
};

// Returns false when the order has failed.
bool RunOne(const Case& each, Accesses& accesses, bool learns, Chooser& chooser, Figures* figures) {
    static Fibres fibres;
    Run run(each, accesses, learns, chooser);
    run.Go(fibres);
    ++figures->schedules;
    figures->steps += run.Steps();
    figures->shared = accesses.Shared();
    if (run.Failure().empty()) {
        return true;
    }
    figures->failures.push_back({run.Failure(), chooser.Describe()});
    return false;
}

// Learns which words are shared. That depends on nothing but the case, so a seed repeats an order.
Accesses Learn(const Case& each, std::uint64_t* points, Figures* figures) {
    constexpr std::uint64_t kOrders = 100;
    Accesses accesses;
    for (std::uint64_t seed = 0; seed < kOrders && figures->failures.empty(); ++seed) {
        RandomChooser chooser(seed, false, 1000);
        RunOne(each, accesses, true, chooser, figures);
        *points = chooser.Points();
    }
    return accesses;
}

}  // namespace

void Reach(const void* address, bool writes) noexcept { running->Step(address, writes); }

bool FailsSpuriously() noexcept { return is_exploring && running->FailsSpuriously(); }

void Check(bool holds, const char* what) {
    if (!holds) {
        running->Fail(what);
    }
}

bool WasKilled() { return running->WasKilled(); }

Figures ExploreAtRandom(const Case& each, std::uint64_t seed, std::uint64_t most, double seconds) {
    Figures figures;
    std::uint64_t points = 0;
    const Clock clock(seconds);
    Accesses accesses = Learn(each, &points, &figures);
    for (; most > 0 && figures.failures.empty() && !clock.IsOver(); --most, ++seed) {
        RandomChooser chooser(seed, each.kills, points);
        RunOne(each, accesses, false, chooser, &figures);
    }
    return figures;
}

Figures ExploreAll(const Case& each, int deepest, double seconds) {
    Figures figures;
    std::uint64_t points = 0;
    const Clock clock(seconds);
    Accesses accesses = Learn(each, &points, &figures);
    for (int bound = 0; bound <= deepest && figures.failures.empty(); ++bound) {
        TreeChooser chooser(bound);
        std::uint64_t known = accesses.Shared();
        bool has_more = true;
        while (has_more && RunOne(each, accesses, true, chooser, &figures) && !clock.IsOver()) {
            if (accesses.Shared() != known) {
                known = accesses.Shared();
                chooser = TreeChooser(bound);
            } else {
                has_more = chooser.Next();
            }
        }
        if (has_more) {
            break;
        }
        figures.bound = bound;
    }
    return figures;
}

void* Memory::Take(std::size_t bytes, void (*prepare)(void* memory)) {
    static std::map<void (*)(void*), void*> memories;
    void*& memory = memories[prepare];
    if (memory != nullptr) {
        // The pages that an order has written are those of the file again.
        madvise(memory, bytes, MADV_DONTNEED);
        return memory;
    }
    const int file = memfd_create("explore", 0);
    if (file < 0 || ftruncate(file, static_cast<off_t>(bytes)) != 0) {
        std::abort();
    }
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    prepare(memory);
    mmap(memory, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0);
    close(file);
    return memory;
}

}  // namespace elile::explore
