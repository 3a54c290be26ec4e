// A tally adds up what it was given, its quantiles are within 1.1 %, and its memory comes back.
#include "core/statements/tally.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

TallySnapshot Snapshot(const Tally& tally, const OctavePool& pool) {
    TallySnapshot snapshot;
    snapshot.AddTally(tally, pool);
    return snapshot;
}

TEST(Tally, QuantilesAreWithinElevenPerMilleOfTheOrderStatistic) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    Tally& tally = segment.statements.leftovers[0];
    std::mt19937_64 random(2);
    std::lognormal_distribution<double> durations(14, 2);
    std::vector<std::uint64_t> sample;
    for (int round = 0; round < 20000; ++round) {
        sample.push_back(static_cast<std::uint64_t>(durations(random)) + 1000);
        AddRun(tally, segment.statements.octaves, {sample.back(), 1, false, false});
    }
    std::sort(sample.begin(), sample.end());
    const TallySnapshot snapshot = Snapshot(tally, segment.statements.octaves);
    for (const double quantile : {0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::ceil(quantile * 20000 - 1e-6));
        const auto exact = static_cast<double>(sample[rank - 1]);
        EXPECT_NEAR(snapshot.QuantileNs(quantile) / exact, 1, 0.011) << quantile;
    }
    double sum = 0;
    for (const std::uint64_t duration : sample) {
        sum += static_cast<double>(duration);
    }
    EXPECT_NEAR(snapshot.MeanNs() / (sum / 20000), 1, 1e-12);
    EXPECT_EQ(snapshot.min_ns, sample.front());
    EXPECT_EQ(snapshot.max_ns, sample.back());
}

TEST(Tally, FailedAndSlowExecutionsAreInTheTimes) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    Tally& tally = segment.statements.leftovers[0];
    AddRun(tally, segment.statements.octaves, {1000000, 7, false, false});
    AddRun(tally, segment.statements.octaves, {3000000, 0, true, true});
    const TallySnapshot snapshot = Snapshot(tally, segment.statements.octaves);
    EXPECT_EQ(snapshot.calls, 1U);
    EXPECT_EQ(snapshot.failed_calls, 1U);
    EXPECT_EQ(snapshot.slow_calls, 1U);
    EXPECT_EQ(snapshot.rows, 7U);
    EXPECT_EQ(snapshot.total_ns, 4000000U);
    EXPECT_DOUBLE_EQ(snapshot.StddevNs(), 1000000);
    EXPECT_EQ(Buckets(snapshot), 2U);
}

TEST(Tally, AddsAnotherUpAndGivesOctavesBack) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    const std::uint32_t fresh = segment.statements.octaves.free.Count();
    Tally& from = segment.statements.leftovers[0];
    Tally& into = segment.statements.leftovers[1];
    for (std::uint64_t duration = 1000; duration < 1000000000; duration *= 3) {
        AddRun(from, segment.statements.octaves, {duration, 1, false, false});
        AddRun(into, segment.statements.octaves, {duration * 2, 1, false, false});
    }
    const std::uint64_t calls = Get(from.calls) + Get(into.calls);
    AddTallyTo(from, into, segment.statements.octaves);
    const TallySnapshot sum = Snapshot(into, segment.statements.octaves);
    EXPECT_EQ(sum.calls, calls);
    EXPECT_EQ(Buckets(sum), calls);
    ClearTally(from, segment.statements.octaves);
    EXPECT_EQ(Get(from.calls), 0U);
    ClearTally(into, segment.statements.octaves);
    EXPECT_EQ(segment.statements.octaves.free.Count(), fresh);
}

TEST(Tally, AnExhaustedPoolLosesThePlaceNotTheCall) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    while (segment.statements.octaves.free.Pop() != kNoIndex) {
    }
    AddRun(segment.statements.leftovers[0], segment.statements.octaves, {5000000, 1, false, false});
    const TallySnapshot sum = Snapshot(segment.statements.leftovers[0], segment.statements.octaves);
    EXPECT_EQ(sum.calls, 1U);
    EXPECT_EQ(Buckets(sum), 0U);
    EXPECT_EQ(Get(segment.statements.shared->buckets_dropped), 1U);
}

TEST(Tally, NothingCountedHasNoPercentile) {
    EXPECT_EQ(TallySnapshot().QuantileNs(0.95), 0);
    EXPECT_EQ(TallySnapshot().StddevNs(), 0);
}

TEST(Tally, WhatAnEarlierSnapshotHadIsTakenOut) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    Tally& tally = segment.statements.leftovers[0];
    for (int round = 0; round < 1000; ++round) {
        AddRun(tally, segment.statements.octaves, {100000000, 1, false, false});
    }
    const TallySnapshot before = Snapshot(tally, segment.statements.octaves);
    for (int round = 0; round < 100; ++round) {
        AddRun(tally, segment.statements.octaves, {1000000, 1, false, false});
    }
    TallySnapshot since = Snapshot(tally, segment.statements.octaves);
    EXPECT_NEAR(since.QuantileNs(0.95) / 100e6, 1, 0.011);
    for (int octave = 0; octave < kOctaves; ++octave) {
        for (int bucket = 0; bucket < kBucketsPerOctave; ++bucket) {
            if ((before.present >> octave & 1) != 0) {
                since.TakeOut(octave, bucket, before.counts[octave][bucket]);
            }
        }
    }
    EXPECT_EQ(since.InBuckets(), 100U);
    EXPECT_NEAR(since.QuantileNs(0.95) / 1e6, 1, 0.011);
    since.TakeOut(kOctaves - 1, 0, 5);
    EXPECT_EQ(since.InBuckets(), 100U) << "more than there is, is not taken";
}

}  // namespace
}  // namespace elile::core
