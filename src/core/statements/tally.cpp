#include "core/statements/tally.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace elile::core {
namespace {

void ReleaseOctaves(Tally& tally, OctavePool& pool) noexcept {
    for (HalfWord& reference : tally.octave) {
        const std::uint32_t index = Get(reference);
        if (index != 0) {
            Put(reference, 0);
            // Counts are cleared on the way back, so that an octave taken from the pool is ready to
            // add to.
            for (Word& count : pool.octaves[index - 1].count) {
                Put(count, 0);
            }
            pool.free.Push(index - 1);
        }
    }
}

}  // namespace

Octave* TakeOctave(Tally& tally, OctavePool& pool, int octave) noexcept {
    const std::uint32_t fresh = pool.free.Pop();
    if (fresh == kNoIndex) {
        return nullptr;
    }
    std::uint32_t seen = 0;
    if (tally.octave[octave].compare_exchange_strong(seen, fresh + 1, std::memory_order_acq_rel)) {
        return &pool.octaves[fresh];
    }
    pool.free.Push(fresh);
    return &pool.octaves[seen - 1];
}

void AddUnplaced(Tally& tally, OctavePool& pool, int octave, std::uint64_t times) noexcept {
    if (octave < 0) {
        Add(tally.below, times);
    } else if (octave >= kOctaves) {
        Add(tally.above, times);
    } else {
        Add(tally.unplaced, times);
        Add(*pool.dropped, times);
    }
}

void AddTallyTo(const Tally& from, Tally& into, OctavePool& pool) noexcept {
    for (int octave = 0; octave < kOctaves; ++octave) {
        const std::uint32_t index = Get(from.octave[octave]);
        if (index == 0) {
            continue;
        }
        Octave* target = OctaveAt(into, pool, octave);
        for (int bucket = 0; bucket < kBucketsPerOctave; ++bucket) {
            const std::uint64_t count = Get(pool.octaves[index - 1].count[bucket]);
            Add(target != nullptr ? target->count[bucket] : into.unplaced, count);
        }
    }
    Add(into.below, Get(from.below));
    Add(into.above, Get(from.above));
    Add(into.unplaced, Get(from.unplaced));
    Add(into.total_ns, Get(from.total_ns));
    Add(into.sum_of_squares, from.sum_of_squares.load(std::memory_order_relaxed));
    RaiseTo(into.inverted_min_ns, Get(from.inverted_min_ns));
    RaiseTo(into.max_ns, Get(from.max_ns));
    Add(into.rows, Get(from.rows));
    Add(into.slow_calls, Get(from.slow_calls));
    Add(into.failed_calls, Get(from.failed_calls));
    Add(into.calls, Get(from.calls));
}

// The calls are last: after a crash, calls without buckets show that the tally was being cleared.
void ClearTally(Tally& tally, OctavePool& pool) noexcept {
    ReleaseOctaves(tally, pool);
    tally.sum_of_squares.store(0, std::memory_order_relaxed);
    for (Word* word : {&tally.slow_calls, &tally.rows, &tally.total_ns, &tally.inverted_min_ns,
                       &tally.max_ns, &tally.below, &tally.above, &tally.unplaced}) {
        Put(*word, 0);
    }
    tally.calls.store(0, std::memory_order_release);
    tally.failed_calls.store(0, std::memory_order_release);
}

template <typename CountOf>
void TallySnapshot::AddOctave(int octave, CountOf count_of) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << octave;
    if ((present & bit) == 0) {
        present |= bit;
        in_octave[octave] = 0;
        counts[octave].fill(0);
    }
    std::uint64_t sum = 0;
    for (int bucket = 0; bucket < kBucketsPerOctave; ++bucket) {
        const std::uint64_t count = count_of(bucket);
        counts[octave][bucket] += count;
        sum += count;
    }
    in_octave[octave] += sum;
}

// Calls are read before the buckets, so an execution that ends meanwhile is in the buckets at most.
// A call that one reader has seen is never missing for a later one.
void TallySnapshot::AddTally(const Tally& tally, const OctavePool& pool) noexcept {
    calls += tally.calls.load(std::memory_order_acquire);
    failed_calls += tally.failed_calls.load(std::memory_order_acquire);
    slow_calls += Get(tally.slow_calls);
    rows += Get(tally.rows);
    total_ns += Get(tally.total_ns);
    sum_of_squares += tally.sum_of_squares.load(std::memory_order_relaxed);
    min_ns = std::min(min_ns, ~Get(tally.inverted_min_ns));
    max_ns = std::max(max_ns, Get(tally.max_ns));
    below += Get(tally.below);
    above += Get(tally.above);
    for (int octave = 0; octave < kOctaves; ++octave) {
        const std::uint32_t index = tally.octave[octave].load(std::memory_order_acquire);
        if (index == 0) {
            continue;
        }
        const Octave& from = pool.octaves[index - 1];
        AddOctave(octave, [&from](int bucket) { return Get(from.count[bucket]); });
    }
}

void TallySnapshot::AddSnapshot(const TallySnapshot& other) noexcept {
    calls += other.calls;
    failed_calls += other.failed_calls;
    slow_calls += other.slow_calls;
    rows += other.rows;
    total_ns += other.total_ns;
    sum_of_squares += other.sum_of_squares;
    min_ns = std::min(min_ns, other.min_ns);
    max_ns = std::max(max_ns, other.max_ns);
    below += other.below;
    above += other.above;
    for (std::uint64_t left = other.present; left != 0; left &= left - 1) {
        const int octave = std::countr_zero(left);
        const auto& from = other.counts[octave];
        AddOctave(octave, [&from](int bucket) { return from[bucket]; });
    }
}

void TallySnapshot::TakeOut(int octave, int bucket, std::uint64_t count) noexcept {
    if ((present >> octave & 1) != 0) {
        const std::uint64_t taken = std::min(count, counts[octave][bucket]);
        counts[octave][bucket] -= taken;
        in_octave[octave] -= taken;
    }
}

std::uint64_t TallySnapshot::InBuckets() const noexcept {
    std::uint64_t sum = 0;
    for (std::uint64_t left = present; left != 0; left &= left - 1) {
        sum += in_octave[std::countr_zero(left)];
    }
    return sum;
}

std::uint64_t TallySnapshot::Placed() const noexcept { return below + above + InBuckets(); }

double TallySnapshot::QuantileNs(double quantile) const noexcept {
    const std::uint64_t placed = Placed();
    if (placed == 0) {
        return 0;
    }
    // The product of 0.95 and 20 must not become rank 20 by a rounding error.
    constexpr double kRoundingSlack = 1e-9;
    const auto total = static_cast<double>(placed);
    const double rank = std::clamp(std::ceil(quantile * total * (1 - kRoundingSlack)), 1.0, total);
    const auto wanted = static_cast<std::uint64_t>(rank);
    const auto lowest = static_cast<double>(min_ns);
    const auto highest = static_cast<double>(max_ns);
    std::uint64_t passed = below;
    if (passed >= wanted) {
        return lowest;
    }
    for (std::uint64_t left = present; left != 0; left &= left - 1) {
        const int octave = std::countr_zero(left);
        if (passed + in_octave[octave] < wanted) {
            passed += in_octave[octave];
            continue;
        }
        int bucket = 0;
        while ((passed += counts[octave][bucket]) < wanted) {
            ++bucket;
        }
        return std::max(lowest, std::min(highest, MiddleNs(octave, bucket)));
    }
    return highest;
}

double TallySnapshot::MeanNs() const noexcept {
    const std::uint64_t executions = Executions();
    return executions == 0 ? 0 : static_cast<double>(total_ns) / static_cast<double>(executions);
}

double TallySnapshot::StddevNs() const noexcept {
    const std::uint64_t executions = Executions();
    if (executions < 2) {
        return 0;
    }
    const double mean = MeanNs();
    const double variance = sum_of_squares / static_cast<double>(executions) - mean * mean;
    return variance > 0 ? std::sqrt(variance) : 0;
}

}  // namespace elile::core
