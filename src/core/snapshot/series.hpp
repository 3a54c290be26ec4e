// The builder makes a snapshot's series and slowest statements from the store's entries and
// leftovers.
//
// A scraper must never see a counter fall a little: Prometheus would take what is left for new. So
// a series' figures only grow, or begin again from zero all together, which Prometheus knows as one
// counter reset. They do when reset() forgets some statements of a series, when fewer tables have a
// series of their own, and when a crash took something.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/segment.hpp"
#include "core/snapshot/parts.hpp"
#include "core/statements/table.hpp"

namespace elile::core {

class SeriesBuilder {
public:
    static std::size_t ScratchWords(const Segment& segment) noexcept {
        return segment.snapshot.layout.Size() + segment.statements.entries.size() +
               segment.statements.leftovers.size();
    }
    // `scratch` has room for ScratchWords().
    SeriesBuilder(const Segment& segment, std::uint32_t* scratch) noexcept
        : segment_(segment), first_(scratch), next_(scratch + segment.snapshot.layout.Size()) {}

    // Takes a new snapshot over the one before, which is all zero when there is none. `tables` is
    // how many tables may have series of their own, at most SegmentSizes::series_tables. The caller
    // holds the gate's shared side, and nobody else takes snapshots.
    void Take(std::uint32_t tables, SnapshotHead& head, SnapshotSeries* series) noexcept;

private:
    std::uint32_t SeriesOf(const Target& target) const noexcept;
    void Link(const Target& target, std::uint32_t item) noexcept;
    void LinkAll() noexcept;
    void SumInto(std::uint32_t series, TallySnapshot& sum, std::uint64_t& unplaced) const noexcept;
    std::uint64_t LoopsOf(std::uint32_t series) const noexcept;
    void NoteIfSlow(const Entry& entry, SnapshotHead& head) const noexcept;

    const Segment& segment_;
    // The items of a series form a list: slots, then leftovers. A link is an item plus one; 0 ends
    // the list.
    std::uint32_t* first_;
    std::uint32_t* next_;
    std::uint32_t tables_ = 0;
};

}  // namespace elile::core
