// Where a duration lies among base-2 exponential buckets.
//
// The layout is schema 5 of Prometheus's native histograms: 32 buckets an octave, bucket b ends
// at 2^(b/32) seconds and includes that edge. Powers of two of a second are therefore edges, and
// histograms of different windows, tables and servers merge by addition. A value reported as its
// bucket's geometric middle is at most 2^(1/64) - 1 = 1.09 % off.
//
// kOctaves octaves from 2^-20 s (0.95 us) to 2^20 s (12 days) have buckets of their own; what is
// shorter or longer is counted as below or above.
#pragma once

#include <cstdint>

namespace elile::core {

inline constexpr int kBucketsPerOctave = 32;
inline constexpr int kOctaves = 40;
inline constexpr int kFirstExponent = -20;

// A bucket's place. octave -1 is below the first, kOctaves above the last.
struct BucketPlace {
    int octave;
    int bucket;  // within its octave, 0 to 31
};

BucketPlace PlaceOf(std::uint64_t duration_ns) noexcept;

// The bucket's upper edge and its geometric middle, in nanoseconds.
double UpperEdgeNs(int octave, int bucket) noexcept;
double MiddleNs(int octave, int bucket) noexcept;

}  // namespace elile::core
