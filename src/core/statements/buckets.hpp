// PlaceOf() says where a duration lies among base-2 exponential buckets.
//
// The layout is schema 5 of Prometheus's native histograms: 32 buckets an octave, bucket b ends
// at 2^(b/32) seconds and includes that edge. Powers of two of a second are therefore edges, and
// histograms of different windows, tables and servers merge by addition. A value reported as its
// bucket's geometric middle is at most 2^(1/64) - 1 = 1.09 % off.
//
// kOctaves octaves from 2^-20 s (0.95 us) to 2^20 s (12 days) have buckets of their own. A shorter
// or longer duration is counted as below or above.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace elile::core {

inline constexpr int kBucketsPerOctave = 32;
inline constexpr int kOctaves = 40;
inline constexpr int kFirstExponent = -20;

// Octave -1 is below the first one, kOctaves above the last.
struct BucketPlace {
    int octave;
    int bucket;  // within its octave, 0 to 31
};

// This table finds a mantissa's bucket. Edges lie at least 2^(1/32) - 1 = 2.19 % apart and a cell
// spans at most 1/64 = 1.56 %. So no cell holds two edges, and a look-up and one comparison do.
struct MantissaTable {
    static constexpr int kMantissaBits = 52;
    static constexpr std::uint64_t kMantissaMask = (std::uint64_t{1} << kMantissaBits) - 1;
    static constexpr int kCellBits = 6;
    static constexpr int kCells = 1 << kCellBits;

    // These are the mantissas of the buckets' upper edges in an octave. The last one is the next
    // octave's beginning, above every mantissa.
    std::array<std::uint64_t, kBucketsPerOctave> edge;
    // For each cell this is the first bucket whose upper edge is not below the cell's beginning.
    std::array<std::uint8_t, kCells> first;

    static const MantissaTable kInstance;

private:
    MantissaTable() noexcept;
};

inline BucketPlace PlaceOf(std::uint64_t duration_ns) noexcept {
    constexpr double kNsPerSecond = 1e9;
    constexpr int kExponentBias = 1023;
    // The division rounds correctly, so a duration that equals an edge compares equal to it. No
    // duration has the sign bit, and a signed number converts faster.
    const double seconds =
        static_cast<double>(static_cast<std::int64_t>(duration_ns)) / kNsPerSecond;
    const auto bits = std::bit_cast<std::uint64_t>(seconds);
    const std::uint64_t mantissa = bits & MantissaTable::kMantissaMask;
    int octave =
        static_cast<int>(bits >> MantissaTable::kMantissaBits) - kExponentBias - kFirstExponent;
    if (mantissa == 0) [[unlikely]] {
        // A power of two ends the octave below it.
        return octave <= 0
                   ? BucketPlace{-1, 0}
                   : BucketPlace{octave > kOctaves ? kOctaves : octave - 1, kBucketsPerOctave - 1};
    }
    if (octave < 0) {
        return {-1, 0};
    }
    if (octave >= kOctaves) {
        return {kOctaves, 0};
    }
    const MantissaTable& table = MantissaTable::kInstance;
    int bucket = table.first[mantissa >> (MantissaTable::kMantissaBits - MantissaTable::kCellBits)];
    bucket += mantissa > table.edge[bucket] ? 1 : 0;
    return {octave, bucket};
}

// These are the bucket's upper edge and its geometric middle, in nanoseconds.
double UpperEdgeNs(int octave, int bucket) noexcept;
double MiddleNs(int octave, int bucket) noexcept;

}  // namespace elile::core
