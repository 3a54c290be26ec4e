// What is counted of a statement becomes bytes and comes back. Most figures of most statements are
// zero, and take a bit.
#pragma once

#include "core/saved/bytes.hpp"
#include "core/statements/counters.hpp"
#include "core/statements/tally.hpp"

namespace elile::core {

struct SavedPlans {
    std::uint64_t plans = 0;
    std::uint64_t total_ns = 0;
    double sum_of_squares = 0;
    std::uint64_t inverted_min_ns = 0;
    std::uint64_t max_ns = 0;
    std::array<std::uint64_t, kPlanOrigins> calls_by_origin{};
};

// The sum of an entry's units.
struct SavedCounters {
    TallySnapshot tally;
    std::array<std::uint64_t, kResources> resources{};
    SavedPlans plans;
};

void WriteTally(ByteWriter& out, const TallySnapshot& tally) noexcept;
// Where more executions have a bucket than were counted, those count that have one. The others have
// lost their buckets.
void ReadTally(ByteReader& in, TallySnapshot& tally) noexcept;
void WriteCounters(ByteWriter& out, const SavedCounters& counters) noexcept;
void ReadCounters(ByteReader& in, SavedCounters& counters) noexcept;

// Adds one unit of an entry to the sum.
void AddUnit(const Counters& unit, const OctavePool& pool, SavedCounters& sum) noexcept;

// Adds what was saved. Others may add at the same time.
void AddSavedTo(const TallySnapshot& saved, Tally& into, OctavePool& pool) noexcept;
void AddSavedTo(const SavedCounters& saved, Counters& into, OctavePool& pool) noexcept;

}  // namespace elile::core
