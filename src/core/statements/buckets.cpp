#include "core/statements/buckets.hpp"

#include <array>
#include <bit>
#include <cmath>

namespace elile::core {
namespace {

constexpr double kNsPerSecond = 1e9;

}  // namespace

MantissaTable::MantissaTable() noexcept : edge{}, first{} {
    for (int bucket = 0; bucket < kBucketsPerOctave; ++bucket) {
        const double upper = std::exp2(static_cast<double>(bucket + 1) / kBucketsPerOctave);
        edge[bucket] = bucket + 1 == kBucketsPerOctave
                           ? kMantissaMask + 1
                           : std::bit_cast<std::uint64_t>(upper) & kMantissaMask;
    }
    for (int cell = 0; cell < kCells; ++cell) {
        const std::uint64_t begin = static_cast<std::uint64_t>(cell) << (kMantissaBits - kCellBits);
        int bucket = 0;
        while (edge[bucket] < begin) {
            ++bucket;
        }
        first[cell] = static_cast<std::uint8_t>(bucket);
    }
}

const MantissaTable MantissaTable::kInstance;

double UpperEdgeNs(int octave, int bucket) noexcept {
    return kNsPerSecond *
           std::exp2(octave + kFirstExponent + static_cast<double>(bucket + 1) / kBucketsPerOctave);
}

double MiddleNs(int octave, int bucket) noexcept {
    return kNsPerSecond * std::exp2(octave + kFirstExponent + (bucket + 0.5) / kBucketsPerOctave);
}

}  // namespace elile::core
