// A small segment in private memory, as the postmaster would make it.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/segment_parts.hpp"
#include "core/statements/store.hpp"

namespace elile::core {

inline constexpr SegmentSizes kSmallSizes{100, 8, 16, 64, 64, 8, 4};

// Zeroed memory of its own, for a test of one part.
class PartMemory {
public:
    // Carves the part. `arguments` are those of Carve() behind the carver.
    template <typename AnyPart, typename... Arguments>
    explicit PartMemory(AnyPart& part, const Arguments&... arguments) {
        Carver measure(nullptr);
        AnyPart().Carve(measure, arguments...);
        const std::size_t bytes = (measure.Bytes() + kCacheLine - 1) / kCacheLine * kCacheLine;
        memory_.reset(static_cast<char*>(std::aligned_alloc(kCacheLine, bytes)));
        std::memset(memory_.get(), 0, bytes);
        Carver carver = Again();
        part.Carve(carver, arguments...);
    }
    // Leads through the same memory once more, for who looks behind the part.
    Carver Again() const { return Carver(memory_.get()); }

private:
    struct Free {
        void operator()(char* memory) const { std::free(memory); }
    };
    std::unique_ptr<char, Free> memory_;
};

// A process's store with the segment behind it.
struct TestStore : StatementStore {
    TestStore(void* memory, std::uint32_t backend) : segment(memory) {
        static_cast<StatementStore&>(*this) = StatementStore(segment, backend);
    }

    bool TryReset(std::uint32_t userid, std::uint32_t dbid, std::uint64_t queryid,
                  std::uint64_t now_us) {
        return segment.TryReset({userid, dbid, queryid}, now_us);
    }
    void Fold() { segment.statements.Fold(); }
    void Repair() { segment.Repair(); }

    OwnSegment segment;
};

class TestSegment {
public:
    explicit TestSegment(const SegmentSizes& sizes = kSmallSizes) {
        const std::size_t bytes =
            (Segment::BytesFor(sizes) + kCacheLine - 1) / kCacheLine * kCacheLine;
        memory_.reset(std::aligned_alloc(kCacheLine, bytes));
        std::memset(memory_.get(), 0, bytes);
        Segment::Format(memory_.get(), sizes);
    }
    OwnSegment View() const { return OwnSegment(memory_.get()); }
    TestStore Store(std::uint32_t backend = 0) const { return {memory_.get(), backend}; }

private:
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };
    std::unique_ptr<void, Free> memory_;
};

inline StatementKey Key(std::uint64_t queryid) { return {queryid, 10, 5, true, false, 1}; }

// All that the segment has counted, wherever it is.
inline TallySnapshot Total(const Segment& segment) {
    TallySnapshot sum;
    for (const Entry& entry : segment.statements.entries) {
        segment.statements.AddTalliesOf(entry, sum);
    }
    for (const Tally& leftover : segment.statements.leftovers) {
        sum.AddTally(leftover, segment.statements.octaves);
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

// Executions whose octave could not be had.
inline std::uint64_t Unplaced(const Segment& segment) {
    std::uint64_t unplaced = 0;
    for (const Entry& entry : segment.statements.entries) {
        segment.statements.ForEachCounters(
            entry, [&](const Counters& unit) { unplaced += Get(unit.tally.unplaced); });
    }
    for (const Tally& leftover : segment.statements.leftovers) {
        unplaced += Get(leftover.unplaced);
    }
    return unplaced;
}

}  // namespace elile::core
