// Advise() says from what was seen of a pool what size it needs, and the one thing to tell of it.
//
// The demand at a look is the connections in use and the clients that wait for one. By Little's law
// its mean is checkouts a second times the time that one takes. The size is enough at four looks in
// five, so that few clients have to open a connection. Size and overflow together are enough at 99
// looks of 100, and a tenth more. Throughput stops growing near the size; clients beyond it wait in
// a short queue.
#pragma once

#include <cstdint>

#include "core/pools/observed.hpp"

namespace elile::core {

inline constexpr double kSizeShare = 0.80;
inline constexpr double kPeakShare = 0.99;
inline constexpr double kSpare = 1.10;
// A size within a quarter of the recommended one is right.
inline constexpr double kTolerance = 0.25;

enum class PoolFinding {
    kNotEnough,
    kRightSized,
    kTooLarge,
    kTooSmall,
    kChurn,
    kIdleInTransaction,
    kAboveLimit
};
inline constexpr std::array<const char*, 7> kPoolFindingNames = {
    "not enough seen",     "right-sized",          "too large", "too small", "churn without a pool",
    "idle in transaction", "above max_connections"};

struct PoolEvidence {
    const ObservedPool* pool;
    double told_size;         // by the application; below 0 not told
    double refused_per_s;     // connections that the server refused
    double statements_busy;   // statements that ran at once on average: a lower bound of demand
    std::uint32_t available;  // connections that the server has for users
};

struct PoolAdvice {
    PoolFinding finding;
    const PoolWindow* busiest;  // what the size is from
    const PoolFigures* latest;  // what else is found is from; null with too little of both
    double concurrency;         // connections in use on average while any was
    std::uint32_t size;
    std::uint32_t overflow;
    std::uint32_t present;          // the size that it has
    const PoolFigures* present_in;  // where so many sessions were seen at most; null when told
    bool is_full;                   // hardly a connection was ever free
    double grows;                   // by what demand was multiplied for those refused; 1 for none
};

PoolAdvice Advise(const PoolEvidence& evidence) noexcept;

// Returns true when a tenth of its time in use went by in transactions that were left alone for
// kLingerUs.
bool IsLingering(const PoolFigures& figures) noexcept;
// Returns true when half of its time in use or more went by idle in transactions, however short
// each time: its connections are held rather than used.
bool IsHeld(const PoolFigures& figures) noexcept;
// Returns true when the pool opens a connection a second or more, and keeps each for less than ten.
bool IsChurning(const PoolFigures& figures) noexcept;
double MeanLifeSeconds(const PoolFigures& figures) noexcept;

}  // namespace elile::core
