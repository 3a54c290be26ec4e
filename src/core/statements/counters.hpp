// Counters are one unit of what is counted of a statement. A statement so hot that several
// processors add to it at once has further units.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "core/shared/atomics.hpp"
#include "core/shared/index_stack.hpp"
#include "core/statements/tally.hpp"

namespace elile::core {

// These are the resources that an execution uses, in the order of pg_stat_statements' columns.
// Times are in ns.
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

// This is what one execution used. A look-up by key moves one of the 32 figures, so the others are
// neither cleared nor copied nor added.
class ResourceUse {
public:
    // amount_ has no initial value: moved_ says which of its figures mean something.
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

// The origin says where a plan came from; kOtherPlan is not counted.
enum PlanOrigin : std::uint8_t {
    kGenericPlan,
    kCustomPlan,
    kPlanOrigins,
    kOtherPlan = kPlanOrigins
};

// It lies in shared memory, and counts planning and the origins of plans. It is one cache line,
// which most executions leave alone.
struct alignas(kCacheLine) PlanTally {
    Word plans;
    Word total_ns;
    Real sum_of_squares;  // ns^2
    Word inverted_min_ns;
    Word max_ns;
    std::array<Word, kPlanOrigins> calls_by_origin;  // executions that succeeded
};
static_assert(sizeof(PlanTally) == kCacheLine);

// It lies in shared memory. Any process adds; only the holder of the gate's exclusive side clears.
struct alignas(kCacheLine) Counters {
    Tally tally;
    std::array<Word, kResources> resources;
    PlanTally plans;
};
static_assert(sizeof(Counters) == 576);

// Adds all that `from` holds to `into`. Nobody may add to `from` meanwhile.
void AddCountersTo(const Counters& from, Counters& into, OctavePool& pool) noexcept;
void ClearCounters(Counters& counters, OctavePool& pool) noexcept;

// A hot statement has so many further units; a process adds to the one that its number picks. It is
// a power of two. On more processors than that, few meet on one unit.
inline constexpr std::uint32_t kStripes = 8;
using StripeSet = std::array<Counters, kStripes>;

// An entry's number of its set releases the empty stripes to who adds to them or reads them.
struct StripePool {
    IndexStack free;
    StripeSet* sets = nullptr;
    std::uint32_t size = 0;
};

}  // namespace elile::core
