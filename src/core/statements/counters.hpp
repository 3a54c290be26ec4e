// What is counted of a statement, as one unit, and the further units of a statement so hot that
// several processors add to it at once.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "core/shared/atomics.hpp"
#include "core/shared/index_stack.hpp"
#include "core/statements/tally.hpp"

namespace elile::core {

// Resources an execution used, in the order of pg_stat_statements' columns. Times in ns.
enum Resource : int {
    kSharedBlksHit,
    kSharedBlksRead,
    kSharedBlksDirtied,
    kSharedBlksWritten,
    kLocalBlksHit,
    kLocalBlksRead,
    kLocalBlksDirtied,
    kLocalBlksWritten,
    kTempBlksRead,
    kTempBlksWritten,
    kSharedBlkReadTime,
    kSharedBlkWriteTime,
    kLocalBlkReadTime,
    kLocalBlkWriteTime,
    kTempBlkReadTime,
    kTempBlkWriteTime,
    kWalRecords,
    kWalFpi,
    kWalBytes,
    kWalBuffersFull,
    kJitFunctions,
    kJitGenerationTime,
    kJitInliningCount,
    kJitInliningTime,
    kJitOptimizationCount,
    kJitOptimizationTime,
    kJitEmissionCount,
    kJitEmissionTime,
    kJitDeformCount,
    kJitDeformTime,
    kParallelWorkersToLaunch,
    kParallelWorkersLaunched,
    kResources
};

// What one execution used. A look-up moves one of the 32 figures, so the others are neither
// cleared nor copied nor added.
class ResourceUse {
public:
    // Not value-initialised: moved_ says what of amount_ has a meaning.
    ResourceUse() noexcept {}  // NOLINT(modernize-use-equals-default,cppcoreguidelines-*)

    void Clear() noexcept { moved_ = 0; }
    void Add(Resource resource, std::uint64_t amount) noexcept {
        if (amount != 0) {
            const std::uint32_t bit = std::uint32_t{1} << resource;
            amount_[resource] = (moved_ & bit) != 0 ? amount_[resource] + amount : amount;
            moved_ |= bit;
        }
    }
    void AddTo(std::array<Word, kResources>& sums, std::uint64_t times = 1) const noexcept {
        for (std::uint32_t left = moved_; left != 0; left &= left - 1) {
            const int resource = std::countr_zero(left);
            sums[resource].fetch_add(amount_[resource] * times, std::memory_order_relaxed);
        }
    }

private:
    std::uint32_t moved_ = 0;  // bit r: amount_[r] is set
    std::array<std::uint64_t, kResources> amount_;
};
static_assert(kResources <= 32, "moved_ has a bit for each");

// Where a plan came from, as far as that is counted.
enum PlanOrigin : std::uint8_t {
    kGenericPlan,
    kCustomPlan,
    kPlanOrigins,
    kOtherPlan = kPlanOrigins
};

// In shared memory: planning, and the origins of plans. One line, which most executions leave
// alone.
struct alignas(kCacheLine) PlanTally {
    Word plans;
    Word total_ns;
    std::atomic<double> sum_of_squares;  // ns^2
    Word inverted_min_ns;
    Word max_ns;
    std::array<Word, kPlanOrigins> calls_by_origin;  // executions that succeeded
};
static_assert(sizeof(PlanTally) == kCacheLine);

// In shared memory. Any process adds; only the holder of the gate's exclusive side clears.
struct alignas(kCacheLine) Counters {
    Tally tally;
    std::array<Word, kResources> resources;
    PlanTally plans;
};
static_assert(sizeof(Counters) == 576);

// Adds all that `from` holds to `into`. Nobody may add to `from` meanwhile.
void AddCountersTo(const Counters& from, Counters& into, OctavePool& pool) noexcept;
void ClearCounters(Counters& counters, OctavePool& pool) noexcept;

// One hot statement's further units; a process adds to the one that its number picks. A power of
// two: on more processors than that, few meet on one.
inline constexpr std::uint32_t kStripes = 8;
using StripeSet = std::array<Counters, kStripes>;

struct StripePool {
    IndexStack free;
    StripeSet* sets = nullptr;
    std::uint32_t size = 0;
};

}  // namespace elile::core
