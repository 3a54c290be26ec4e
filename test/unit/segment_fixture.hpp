// A small segment in private memory, as the postmaster would make it.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/statements/store.hpp"

namespace elile::core {

inline constexpr SegmentSizes kSmallSizes{100, 8, 16, 64, 64, 8, 4};

class TestSegment {
public:
    explicit TestSegment(const SegmentSizes& sizes = kSmallSizes) {
        const std::size_t bytes =
            (Segment::BytesFor(sizes) + kCacheLine - 1) / kCacheLine * kCacheLine;
        memory_.reset(std::aligned_alloc(kCacheLine, bytes));
        std::memset(memory_.get(), 0, bytes);
        Segment::Format(memory_.get(), sizes);
    }
    Segment View() const { return Segment::Attach(memory_.get()); }
    StatementStore Store(std::uint32_t backend = 0) const { return {View(), backend}; }

private:
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };
    std::unique_ptr<void, Free> memory_;
};

inline StatementKey Key(std::uint64_t queryid) { return {queryid, 10, 5, true, false}; }

// All that the segment has counted, wherever it is.
inline TallySnapshot Total(const Segment& segment) {
    TallySnapshot sum;
    for (std::uint32_t slot = 0; slot < segment.header->sizes.Entries(); ++slot) {
        segment.AddTalliesOf(segment.entries[slot], sum);
    }
    for (std::uint32_t at = 0; at < segment.header->sizes.Leftovers(); ++at) {
        sum.AddTally(segment.leftovers[at], segment.octaves);
    }
    return sum;
}

inline std::uint64_t Buckets(const TallySnapshot& sum) {
    std::uint64_t placed = sum.below + sum.above;
    for (int octave = 0; octave < kOctaves; ++octave) {
        if ((sum.present >> octave & 1) != 0) {
            for (const std::uint64_t count : sum.counts[octave]) {
                placed += count;
            }
        }
    }
    return placed;
}

}  // namespace elile::core
