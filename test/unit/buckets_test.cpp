// A duration lies in the bucket whose upper edge it does not exceed, and its middle is near it.
#include "core/statements/buckets.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace elile::core {
namespace {

TEST(Buckets, APowerOfTwoOfASecondEndsItsOctave) {
    // 2^-9 s is the smallest power of two that is a whole number of nanoseconds.
    for (int exponent = -9; exponent <= 6; ++exponent) {
        const auto edge = static_cast<std::uint64_t>(std::ldexp(1e9, exponent));
        const BucketPlace at = PlaceOf(edge);
        EXPECT_EQ(at.octave, exponent - kFirstExponent - 1);
        EXPECT_EQ(at.bucket, kBucketsPerOctave - 1);
        const BucketPlace above = PlaceOf(edge + 1);
        EXPECT_EQ(above.octave, exponent - kFirstExponent);
        EXPECT_EQ(above.bucket, 0);
    }
}

TEST(Buckets, EveryDurationLiesBetweenItsBucketsEdges) {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> exponent(std::log2(1000.0), std::log2(1e15));
    for (int round = 0; round < 200000; ++round) {
        const auto duration = static_cast<std::uint64_t>(std::exp2(exponent(random)));
        const BucketPlace place = PlaceOf(duration);
        const double upper = UpperEdgeNs(place.octave, place.bucket);
        const double lower = upper / std::exp2(1.0 / kBucketsPerOctave);
        const auto value = static_cast<double>(duration);
        EXPECT_LE(value, upper * (1 + 1e-12));
        EXPECT_GT(value, lower * (1 - 1e-12));
        EXPECT_NEAR(MiddleNs(place.octave, place.bucket) / value, 1, 0.011);
    }
}

TEST(Buckets, WhatIsTooShortOrTooLongIsBelowOrAbove) {
    EXPECT_EQ(PlaceOf(0).octave, -1);
    EXPECT_EQ(PlaceOf(953).octave, -1);
    EXPECT_EQ(PlaceOf(954).octave, 0);
    EXPECT_LT(PlaceOf(1048576ULL * 1000000000).octave, kOctaves);
    EXPECT_EQ(PlaceOf(1048576ULL * 1000000000 + 1000).octave, kOctaves);
    EXPECT_EQ(PlaceOf(UINT64_MAX).octave, kOctaves);
}

}  // namespace
}  // namespace elile::core
