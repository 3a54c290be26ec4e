// A tally is what is counted of a set of executions: calls, rows, times and their distribution.
//
// One Tally belongs to a statement or to what evicted statements left at their (operation, table).
// Writers only add, with relaxed atomics; one execution writes the first cache line and one bucket.
// Octaves of buckets come from a pool on first use, since a statement's durations span few.
#pragma once

#include <array>
#include <cstdint>

#include "core/shared/atomics.hpp"
#include "core/shared/index_stack.hpp"
#include "core/statements/buckets.hpp"

namespace elile::core {

// This is one finished execution. A failed one has no rows.
struct FinishedRun {
    std::uint64_t duration_ns;
    std::uint64_t rows;
    bool failed;
    bool slow;
};

// It lies in shared memory, and has the buckets of one octave.
struct alignas(kCacheLine) Octave {
    std::array<Word, kBucketsPerOctave> count;
};
static_assert(sizeof(Octave) == 256);

struct OctavePool {
    IndexStack free;
    Octave* octaves = nullptr;
    std::uint32_t size = 0;
    Word* dropped = nullptr;  // executions whose octave could not be had
};

// It lies in shared memory. Any process adds; only the holder of the gate's exclusive side clears.
struct alignas(kCacheLine) Tally {
    Word calls;         // executions that succeeded
    Word failed_calls;  // executions that failed; their time is in total and histogram
    Word slow_calls;    // of both, those at or above the threshold of their session
    Word rows;
    Word total_ns;
    Real sum_of_squares;   // ns^2
    Word inverted_min_ns;  // complement, so that zero means none yet
    Word max_ns;
    Word below;     // executions below the first octave
    Word above;     // executions above the last octave
    Word unplaced;  // executions whose octave could not be had
    Word reserved;
    std::array<HalfWord, kOctaves> octave;  // index in the pool + 1; 0 not used yet
};
static_assert(sizeof(Tally) == 256);

inline bool HasCounted(const Tally& tally) noexcept {
    return Get(tally.calls) + Get(tally.failed_calls) > 0;
}

// Takes an octave from the pool for this place of the tally. Returns null when the pool has none
// left.
Octave* TakeOctave(Tally& tally, OctavePool& pool, int octave) noexcept;

// The place in the tally releases the octave's empty buckets, which came from the pool.
inline Octave* OctaveAt(Tally& tally, OctavePool& pool, int octave) noexcept {
    const std::uint32_t seen = tally.octave[octave].load(std::memory_order_acquire);
    return seen != 0 ? &pool.octaves[seen - 1] : TakeOctave(tally, pool, octave);
}

// Adds executions whose duration has no bucket.
void AddUnplaced(Tally& tally, OctavePool& pool, int octave, std::uint64_t times) noexcept;

// Returns false when another process added to the tally at the same moment. The bucket comes first
// and the call last. After a crash between them the keeper knows that a bucket in excess is a call
// that is missing. `times` is above 1 for an execution that stands for others of its kind.
[[gnu::always_inline]] inline bool AddRun(Tally& tally, OctavePool& pool, const FinishedRun& run,
                                          std::uint64_t times = 1) noexcept {
    const BucketPlace place = PlaceOf(run.duration_ns);
    Octave* octave = place.octave >= 0 && place.octave < kOctaves
                         ? OctaveAt(tally, pool, place.octave)
                         : nullptr;
    if (octave != nullptr) [[likely]] {
        octave->count[place.bucket].fetch_add(times, std::memory_order_relaxed);
    } else {
        AddUnplaced(tally, pool, place.octave, times);
    }
    Add(tally.total_ns, run.duration_ns * times);
    const auto duration = static_cast<double>(static_cast<std::int64_t>(run.duration_ns));
    const bool undisturbed =
        Add(tally.sum_of_squares, duration * duration * static_cast<double>(times));
    RaiseTo(tally.inverted_min_ns, ~run.duration_ns);
    RaiseTo(tally.max_ns, run.duration_ns);
    Add(tally.rows, run.rows * times);
    if (run.slow) [[unlikely]] {
        Add(tally.slow_calls, times);
    }
    // Releases the bucket to AddTally(), which loads the calls first.
    (run.failed ? tally.failed_calls : tally.calls).fetch_add(times, std::memory_order_release);
    return undisturbed;
}

// A snapshot is a reader's private copy of a tally, or the sum of several.
struct TallySnapshot {
    std::uint64_t calls = 0;
    std::uint64_t failed_calls = 0;
    std::uint64_t slow_calls = 0;
    std::uint64_t rows = 0;
    std::uint64_t total_ns = 0;
    double sum_of_squares = 0;
    std::uint64_t min_ns = UINT64_MAX;  // UINT64_MAX: none yet
    std::uint64_t max_ns = 0;
    std::uint64_t below = 0;
    std::uint64_t above = 0;
    std::uint64_t present = 0;  // bit o: in_octave[o] and counts[o] have been filled
    std::array<std::uint64_t, kOctaves> in_octave;  // sum of counts[o]
    std::array<std::array<std::uint64_t, kBucketsPerOctave>, kOctaves> counts;

    // Octaves that are not present have no value: so 10 kB need no clearing.
    TallySnapshot() noexcept {}  // NOLINT(modernize-use-equals-default,cppcoreguidelines-*)

    void AddTally(const Tally& tally, const OctavePool& pool) noexcept;
    void AddSnapshot(const TallySnapshot& other) noexcept;

    // Takes so many executions out of one bucket, or as many as it has. With those that an earlier
    // snapshot of the same tally had there, percentiles become those of the time since.
    void TakeOut(int octave, int bucket, std::uint64_t count) noexcept;
    // Returns how many executions have a bucket.
    std::uint64_t InBuckets() const noexcept;

    std::uint64_t Executions() const noexcept { return calls + failed_calls; }
    // Returns the order statistic of rank ceil(quantile * n), at most 1.09 % off; 0 < quantile <=
    // 1. Returns zero when nothing was counted.
    double QuantileNs(double quantile) const noexcept;
    double MeanNs() const noexcept;
    double StddevNs() const noexcept;

private:
    std::uint64_t Placed() const noexcept;
    template <typename CountOf>
    void AddOctave(int octave, CountOf count_of) noexcept;
};

// Adds all that `from` holds to `into`. Nobody may add to `from` meanwhile.
void AddTallyTo(const Tally& from, Tally& into, OctavePool& pool) noexcept;

// Leaves the tally empty and gives its octaves back. Nobody may add to it meanwhile.
void ClearTally(Tally& tally, OctavePool& pool) noexcept;

}  // namespace elile::core
