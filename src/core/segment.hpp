// The statistics segment: one block of shared memory and what lies where in it.
//
// Its sizes are fixed when the server starts. Every process that maps it derives the same places
// from the sizes in its header, so it may lie at different addresses. The header's counters are
// written by any process; the rest of the header is constant but for the two generations.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/indexes/board.hpp"
#include "core/n_plus_one/table.hpp"
#include "core/pools/ended_sessions.hpp"
#include "core/pools/observed.hpp"
#include "core/pools/refusals.hpp"
#include "core/pools/reports.hpp"
#include "core/shared/gate.hpp"
#include "core/shared/log_budget.hpp"
#include "core/shared/published.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/snapshot/snapshot.hpp"
#include "core/statements/lost_plans.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/statement.hpp"
#include "core/statements/tally.hpp"

namespace elile::core {

struct SegmentSizes {
    std::uint32_t statements;     // entries before one is evicted; sessions that insert at
                                  // the same moment may exceed it by one each
    std::uint32_t tables;         // tables before kOtherTables takes the rest
    std::uint32_t slow_ring;      // records
    std::uint32_t text_blocks;    // of kTextBlockBytes, for statements
    std::uint32_t detail_blocks;  // of kTextBlockBytes, for plans and parameters
    std::uint32_t backends;       // processes that may add, each with a number below this
    std::uint32_t series_tables;  // tables that may have series of their own in a sample

    // Entries beyond `statements`, for newcomers while retired ones wait to be folded.
    std::uint32_t SpareEntries() const noexcept;
    std::uint32_t Entries() const noexcept { return statements + SpareEntries(); }
    std::uint32_t Octaves() const noexcept;
    std::uint32_t StripeSets() const noexcept;  // statements that may be hot at once
    std::uint32_t Buckets() const noexcept;     // of the look-up table, a power of two
    std::uint32_t TableCells() const noexcept;  // a power of two
    std::uint32_t Leftovers() const noexcept { return (tables + 1) * kOperations; }
    SeriesLayout Series() const noexcept { return {series_tables}; }
    std::size_t SampleBytes() const noexcept {
        return sizeof(SampleHead) + Series().Size() * sizeof(SampledSeries);
    }
};

// One line of the look-up table. A cell is fingerprint << 32 | (slot + 1), 0 when empty.
struct alignas(kCacheLine) Bucket {
    std::array<Word, 8> cells;
};

// Which entry a backend is adding to, so that nobody folds it meanwhile. Written by its backend,
// read by whoever folds.
struct alignas(kCacheLine) Hazard {
    HalfWord slot;  // slot + 1; 0 none
};

struct alignas(kCacheLine) SegmentHeader {
    std::uint64_t magic;
    SegmentSizes sizes;
    HalfWord generation;  // raised by the postmaster at each restart after a crash
    HalfWord repaired;    // the generation that the keeper has mended the segment for
    Word stats_since_us;  // microseconds since 2000-01-01 UTC; start or last reset()
    Word keeper_seen_ns;  // of the monotonic clock: the keeper's last sign of life, or the start

    alignas(kCacheLine) Gate gate;
    alignas(kCacheLine) HalfWord live;  // entries in the look-up table
    HalfWord hand;                      // where the next eviction begins to look
    IndexStackHead free_entries;
    IndexStackHead retired_entries;
    alignas(kCacheLine) IndexStackHead free_octaves;
    IndexStackHead free_texts;
    IndexStackHead free_details;
    IndexStackHead free_tables;
    IndexStackHead free_stripes;
    IndexStackHead free_databases;
    IndexStackHead free_applications;
    IndexStackHead free_suggestions;

    alignas(kCacheLine) Word last_slow_id;
    Word evictions;
    Word dropped;            // executions counted for their table only: no entry was free
    Word octaves_exhausted;  // executions without a place in their histogram
    Word stripes_exhausted;  // times that a hot statement stayed in one unit: no stripes were free
    Word texts_exhausted;    // entries made without a text: the text memory was full
    Word texts_cut;          // texts longer than kMaxTextBytes
    Word tables_overflow;    // entries put under kOtherTables: the directory was full
    Word slow_dropped;       // slow executions not kept: their slot was being written
    Word repaired_slots;     // slots found half-written after a crash
    Word not_ready;          // executions not counted between a crash and the end of repair, or
                             // while a reset was kept from running

    LogBudget log_budget;         // of lines on slow statements
    Word log_suppressed;          // such lines that it left out
    Word details_exhausted;       // plans and parameters not kept: their memory was full
    LostPlanCounters plans_lost;  // plans that could not be written down, by reason
    Word parameters_lost;         // parameters that could not be written down

    Word databases_overflow;    // times that a database found no place in the directory
    Word pool_reports_dropped;  // figures of an application's pool that found no place
    Word pools_put_aside;       // sessions and pools that are summed as other; the keeper
    Word exporter_starts;       // times that the exporter was started; the keeper
    Word logins_denied;       // to the exporter, with a user or password that is wrong; the keeper
    Word logins_refused;      // likewise, that found no place to be checked; the keeper
    Word n_plus_one_dropped;  // occurrences whose pattern found no place
    Word applications_overflow;  // times that an application's name found no place
    Word suggestions_exhausted;  // suggestions not kept: their memory was full
    Word suggestions_given_up;   // patterns that nobody tries to suggest anything for any more
    Published::Sequence sample_sequence;  // of what is published; the keeper, or an index worker
    Published::Sequence indexes_sequence;
    Published::Sequence exporter_sequence;
    Published::Sequence observed_sequence;  // the keeper

    EndedHead ended;    // sessions that the keeper has yet to count
    Refusals refusals;  // connections for which there was no place

    BuildBoard builds;

    // What the extension costs, as measured on some executions; any process adds.
    Word measured_executions;
    Word measured_own_ns;     // what capturing those took
    Word covered_executions;  // all that were counted while those were picked
    Word covered_elapsed_ns;  // of these, what ran in no other
};

// A process's view of the segment.
struct Segment {
    SegmentHeader* header = nullptr;
    Bucket* buckets = nullptr;
    Entry* entries = nullptr;
    HalfWord* entry_links = nullptr;
    Tally* leftovers = nullptr;  // what evicted statements left, by PlaceOf(target)
    Hazard* hazards = nullptr;
    OctavePool octaves;
    StripePool stripes;
    TextPool texts;
    TextPool details;
    TableDirectory tables;
    TextPool suggestions;         // of N+1 patterns
    TableDirectory applications;  // that have N+1 patterns, by name; index 0 for the others
    TableDirectory databases;     // by (dbid, 0), without schemas; index 0 for those without room
    SlowRing ring;
    PoolReports pools;
    NPlusOneTable n_plus_one;
    Word* loops = nullptr;  // occurrences of N+1 patterns that ended, by the child's table
    Published sample;       // SampleHead, then SampledSeries
    Published indexes;      // SampledIndexes
    Published exporter;     // ExporterStatus
    Published observed;     // ObservedPools
    EndedSessions ended;
    SeriesCounters* series_origins = nullptr;  // where each series began from zero; the keeper
    IndexStack free_entries;
    IndexStack retired_entries;

    static std::size_t BytesFor(const SegmentSizes& sizes) noexcept;
    // `memory` must be zeroed, aligned to a cache line and BytesFor(sizes) long.
    static Segment Format(void* memory, const SegmentSizes& sizes) noexcept;
    // Whether this version's Format() has prepared it and all of it is there.
    static bool IsSound(const void* memory, std::size_t bytes) noexcept;
    // Of a segment that Format() has prepared.
    static Segment Attach(void* memory) noexcept;

    // All units of an entry: its own, then its stripes.
    template <typename AnyEntry, typename Visit>
    void ForEachCounters(AnyEntry& entry, Visit visit) const {
        visit(entry.counters);
        const std::uint32_t set = entry.stripes.load(std::memory_order_acquire);
        if (set != 0) [[unlikely]] {
            for (Counters& stripe : stripes.sets[set - 1]) {
                visit(stripe);
            }
        }
    }

    void AddTalliesOf(const Entry& entry, TallySnapshot& sum) const noexcept {
        ForEachCounters(entry, [&](const Counters& unit) { sum.AddTally(unit.tally, octaves); });
    }

    // All executions of the target. Only while the gate is held.
    void AddTalliesOf(const Target& target, TallySnapshot& sum) const noexcept {
        for (std::uint32_t slot = 0; slot < header->sizes.Entries(); ++slot) {
            const Target of = TargetOf(entries[slot]);
            if (of.table == target.table && of.operation == target.operation &&
                IsCounted(entries[slot])) {
                AddTalliesOf(entries[slot], sum);
            }
        }
        sum.AddTally(LeftoverOf(target), octaves);
    }

    Tally& LeftoverOf(const Target& target) const noexcept { return leftovers[PlaceOf(target)]; }
};

}  // namespace elile::core
