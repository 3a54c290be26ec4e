// Runs what several processes do to shared memory in many orders, and looks after each at what they
// left.
//
// The processes are fibres of one thread. At each atomic operation on memory that another process
// uses too, the explorer may let another one go on, or end this one for good. Orders are chosen at
// random, few switches first, or all are taken up to a number of preemptions (Musuvathi and Qadeer,
// PLDI 2007).
//
// A step on memory that no other process touches commutes with theirs, so nothing is switched
// there. Which memory is shared is learnt: a search of all orders begins anew when it learns more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace elile::explore {

// What a scenario is made of; it lives for one order. Its constructor prepares the memory.
class Scenario {
public:
    virtual ~Scenario() = default;
    // Each is what one process does.
    virtual std::vector<std::function<void()>> Processes() = 0;
    // Looks at what was left, when all have ended or were killed.
    virtual void Look() = 0;
};

struct Case {
    std::string name;
    bool kills;  // whether one process may be killed at any step
    // The memory is as it was before the first order.
    std::unique_ptr<Scenario> (*make)();
};

// To be called by processes and by Look(). Ends this order, which has failed, unless `holds`.
void Check(bool holds, const char* what);
// Whether a process of this order was killed.
bool WasKilled();

struct Found {
    std::string what;
    std::string order;  // how to repeat it
};

struct Figures {
    std::uint64_t schedules = 0;
    std::uint64_t steps = 0;
    std::uint64_t shared = 0;     // words that more than one process uses
    int bound = -1;               // preemptions, up to which all orders were taken; -1 none
    std::vector<Found> failures;  // the search ends at the first one
};

// Takes orders at random, from this seed on, until so many were taken or the time is over.
Figures ExploreAtRandom(const Case& each, std::uint64_t seed, std::uint64_t most, double seconds);
// Takes all orders with at most 0, 1, 2 ... preemptions, until the time is over or `deepest` was
// taken.
Figures ExploreAll(const Case& each, int deepest, double seconds);

// The memory of all scenarios. It is again as it was at the first call before each order.
class Memory {
public:
    static void* Take(std::size_t bytes, void (*prepare)(void* memory));
};

}  // namespace elile::explore
