#include "core/buckets.hpp"

#include <array>
#include <bit>
#include <cmath>

namespace elile::core {
namespace {

constexpr int kMantissaBits = 52;
constexpr std::uint64_t kMantissaMask = (std::uint64_t{1} << kMantissaBits) - 1;
constexpr int kExponentBias = 1023;
// Edges lie at least 2^(1/32) - 1 = 2.19 % apart and a cell spans at most 1/64 = 1.56 %: no cell
// holds two edges, so a table look-up and one comparison find the bucket.
constexpr int kCellBits = 6;
constexpr int kCells = 1 << kCellBits;
constexpr double kNsPerSecond = 1e9;

struct MantissaTable {
    // Mantissa of the upper edge of each bucket of an octave; the last one is the next octave's
    // beginning, above every mantissa.
    std::array<std::uint64_t, kBucketsPerOctave> edge;
    // First bucket whose upper edge is not below the cell's beginning.
    std::array<std::uint8_t, kCells> first;

    MantissaTable() noexcept : edge{}, first{} {
        for (int bucket = 0; bucket < kBucketsPerOctave; ++bucket) {
            const double upper = std::exp2(static_cast<double>(bucket + 1) / kBucketsPerOctave);
            edge[bucket] = bucket + 1 == kBucketsPerOctave
                               ? kMantissaMask + 1
                               : std::bit_cast<std::uint64_t>(upper) & kMantissaMask;
        }
        for (int cell = 0; cell < kCells; ++cell) {
            const std::uint64_t begin = static_cast<std::uint64_t>(cell)
                                        << (kMantissaBits - kCellBits);
            int bucket = 0;
            while (edge[bucket] < begin) {
                ++bucket;
            }
            first[cell] = static_cast<std::uint8_t>(bucket);
        }
    }
};

const MantissaTable kTable;

}  // namespace

BucketPlace PlaceOf(std::uint64_t duration_ns) noexcept {
    // The division rounds correctly, so a duration that equals an edge compares equal to it.
    const double seconds = static_cast<double>(duration_ns) / kNsPerSecond;
    const auto bits = std::bit_cast<std::uint64_t>(seconds);
    const std::uint64_t mantissa = bits & kMantissaMask;
    int octave = static_cast<int>(bits >> kMantissaBits) - kExponentBias - kFirstExponent;
    if (mantissa == 0) {
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
    int bucket = kTable.first[mantissa >> (kMantissaBits - kCellBits)];
    bucket += mantissa > kTable.edge[bucket] ? 1 : 0;
    return {octave, bucket};
}

double UpperEdgeNs(int octave, int bucket) noexcept {
    return kNsPerSecond *
           std::exp2(octave + kFirstExponent + static_cast<double>(bucket + 1) / kBucketsPerOctave);
}

double MiddleNs(int octave, int bucket) noexcept {
    return kNsPerSecond * std::exp2(octave + kFirstExponent + (bucket + 0.5) / kBucketsPerOctave);
}

}  // namespace elile::core
