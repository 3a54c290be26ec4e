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
        return 2 * segment.snapshot.layout.Size() + segment.statements.entries.size() +
               segment.statements.leftovers.size() + segment.tables.Size();
    }
    // `scratch` has room for ScratchWords(). `series` has room for all of the layout.
    SeriesBuilder(const Segment& segment, std::uint32_t* scratch, SnapshotHead& head,
                  SnapshotSeries* series) noexcept
        : segment_(segment),
          head_(head),
          series_(series),
          series_at_(scratch),
          first_(series_at_ + segment.snapshot.layout.Size()),
          next_(first_ + segment.snapshot.layout.Size()) {}

    // Takes a new snapshot over the one before, whose head is all zero when there is none. `tables`
    // is how many tables may have series of their own, at most SegmentSizes::series_tables. The
    // caller holds the gate's shared side, and nobody else takes snapshots.
    void Take(std::uint32_t tables) noexcept;

private:
    std::uint32_t PlaceFor(const Target& target, std::uint32_t dbid) const noexcept;
    std::uint32_t OwnerOf(std::uint32_t place) const noexcept;
    std::uint32_t SeriesAt(std::uint32_t place) noexcept;
    void BeginAgain(SnapshotSeries& series) noexcept;
    void Link(const Target& target, std::uint32_t dbid, std::uint32_t item) noexcept;
    void LinkAll() noexcept;
    void AddItem(std::uint32_t item, TallySnapshot& sum, SeriesCounters& counters) noexcept;
    void TakeSeries(std::uint32_t at) noexcept;
    void NoteOtherOrigin(const SnapshotStatement& statement) noexcept;
    void NoteStatement(const Entry& entry) noexcept;

    const Segment& segment_;
    SnapshotHead& head_;
    SnapshotSeries* series_;
    // By place in the layout: the series' number plus one; 0 where none is in use.
    std::uint32_t* series_at_;
    // The items of a series form a list: slots, leftovers, then tables with loops. A link is an
    // item plus one; 0 ends the list.
    std::uint32_t* first_;
    std::uint32_t* next_;
    std::uint32_t tables_ = 0;
    bool is_first_ = false;
};

}  // namespace elile::core
