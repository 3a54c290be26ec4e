// The table has all statements' entries, the look-up table that leads to them, and what evicted
// ones left.
//
// To look up, a key's fingerprint is sought in the 16 cells of two neighbouring buckets. To add,
// a backend publishes the slot in its hazard, sees that the handle's tag still holds, adds, and
// withdraws the hazard. To take away, an entry is retired: its tag changes, its cell empties. Later
// whoever gets the gate's exclusive side folds it into its table's leftovers, once no hazard names
// it.
//
// Two steps are sequentially consistent on each side (Michael, IEEE TPDS 15(6), 2004). Who adds
// publishes, then looks at the tag; who folds comes after the tag has changed, then looks at the
// hazards. One of the two sees the other, so an execution is in its entry or in the leftovers,
// once. Nothing here waits.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/shared/gate.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/query_chains.hpp"
#include "core/statements/statement.hpp"

namespace elile::core {

// A bucket is one cache line of the look-up table. A cell is fingerprint << 32 | (slot + 1), 0 when
// empty.
struct alignas(kCacheLine) Bucket {
    std::array<Word, 8> cells;
};

// A hazard names the entry to which a backend is adding, so that nobody folds it meanwhile. Its
// backend writes it, whoever folds reads it.
struct alignas(kCacheLine) Hazard {
    HalfWord slot;  // slot + 1; 0 none
};

class StatementTable : public Part {
public:
    // It lies in shared memory; any process writes.
    struct Shared {
        alignas(kCacheLine) Gate gate;
        alignas(kCacheLine) HalfWord live;  // entries in the look-up table
        HalfWord hand;                      // where the next eviction begins to look
        HalfWord hazards_used;  // all hazards from this one on have never been published
        HalfWord unused;
        IndexStackHead free_entries;
        IndexStackHead retired_entries;
        alignas(kCacheLine) IndexStackHead free_octaves;
        IndexStackHead free_stripes;
        alignas(kCacheLine) Word evictions;
        Word dropped;          // executions counted for their table only: no entry was free
        Word buckets_dropped;  // executions without a place in their histogram
        Word stripes_dropped;  // times that a hot statement stayed in one unit: no stripes were
                               // free
        Word not_ready;  // executions not counted between a crash and the end of repair, or while
                         // a reset was kept from running
    };

    void Carve(Carver& carver, const SegmentSizes& sizes, const TextPool& texts,
               const TextPool& details, const TableDirectory& tables) noexcept;

    // Visits all units of an entry: its own, then its stripes.
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
    // Visits the live entries of a query identifier. The caller holds the gate.
    template <typename Visit>
    void ForEachOfQuery(std::uint64_t queryid, Visit visit) const {
        chains.ForEach(queryid, [&](std::uint32_t slot) {
            const Entry& entry = entries[slot];
            if (Get(entry.queryid) == queryid &&
                StateOf(entry.tag.load(std::memory_order_acquire)) == EntryState::kLive) {
                visit(entry);
            }
        });
    }
    void AddTalliesOf(const Entry& entry, TallySnapshot& sum) const noexcept;
    // Adds all executions of the target. The caller holds the gate.
    void AddTalliesOf(const Target& target, TallySnapshot& sum) const noexcept;
    // Returns the place of a target in this database, or of what is gone. The caller holds the
    // gate.
    std::uint32_t PlaceFor(const Target& target, std::uint32_t dbid) const noexcept {
        return PlaceOf({tables_.IndexFor(target.table, dbid), target.operation, target.toplevel});
    }
    std::uint32_t PlaceFor(const Entry& entry) const noexcept {
        return PlaceFor(TargetOf(entry), KeyOf(entry).dbid);
    }

    // Returns an invalid handle when the key is unknown.
    Handle Find(const StatementKey& key) const noexcept;
    // Makes an entry and takes over the text's reference. Returns an invalid handle when none was
    // free.
    Handle Make(const StatementKey& key, const NewEntry& entry) noexcept;
    // Must come before the backend publishes its first hazard.
    void NoteBackend(std::uint32_t backend) noexcept;
    // Returns false when somebody else has retired the entry. With `discard` its sums are
    // forgotten, not folded.
    bool Retire(const Handle& handle, bool discard) noexcept;
    // Folds some retired entries, if the gate lets it.
    void Fold() noexcept;
    // Retires the entries of tables that have lost their places. The caller holds the gate, closed
    // to all that add to the leftovers.
    void RetireDropped() noexcept;
    // Counts what is at this index for tables of the database that are gone. The same holds.
    void MoveLeftovers(std::uint32_t index, std::uint32_t dbid) noexcept;
    // The caller's addition to the entry has met another process's.
    void NoteCollision(Entry& entry) noexcept;

    void Format() noexcept;
    void BeginRepair() noexcept;
    std::uint64_t Repair() noexcept;
    void EndRepair() noexcept;
    void Forget(const ResetScope& scope) noexcept;

    Shared* shared = nullptr;
    std::uint32_t most = 0;     // entries before one is evicted
    std::span<Bucket> buckets;  // a power of two; a key has two neighbours
    std::span<Entry> entries;
    std::span<Tally> leftovers;  // what evicted statements left, by PlaceOf(target)
    std::span<Hazard> hazards;   // by backend
    OctavePool octaves;
    StripePool stripes;
    QueryChains chains;  // of what is live or retired; unidentified entries are in none
    IndexStack free_entries;
    IndexStack retired_entries;

private:
    static constexpr std::size_t kFoldBatch = 32;

    void CarvePools(Carver& carver, const SegmentSizes& sizes) noexcept;
    // Visits the cells that a key may lie in until `visit` returns true.
    template <typename Visit>
    void ForEachCell(std::uint64_t hash, Visit visit) const noexcept;
    bool Matches(std::uint64_t cell, std::uint64_t hash, const StatementKey& key,
                 Handle* handle) const noexcept;
    std::uint32_t ClaimSlot() noexcept;
    void Fill(std::uint32_t slot, const StatementKey& key, const NewEntry& entry) noexcept;
    bool Publish(std::uint64_t hash, std::uint32_t slot) noexcept;
    Handle SettleDuplicates(const StatementKey& key, std::uint64_t hash) noexcept;
    std::uint32_t Weigh(Entry& entry) noexcept;
    void EvictSome() noexcept;
    void EvictFromBuckets(std::uint64_t hash) noexcept;
    std::uint64_t ExecutionsOf(const Entry& entry) const noexcept;

    void Chain(std::uint32_t slot) noexcept;
    std::uint64_t Hazardous(std::span<const std::uint32_t> slots) const noexcept;
    void FoldSlot(std::uint32_t slot) noexcept;
    void EmptySlot(std::uint32_t slot) noexcept;
    void ForgetEntry(std::uint32_t slot, const ResetScope& scope) noexcept;

    bool KeepOctaves(Tally& tally) noexcept;
    bool MendTally(Tally& tally) noexcept;
    bool KeepStripes(Entry& entry) noexcept;
    std::uint64_t RepairEntry(std::uint32_t slot) noexcept;
    void FreeOctaves() noexcept;
    void FreeStripes() noexcept;
    void RelinkEntries() noexcept;

    TextPool texts_;
    TextPool details_;
    TableDirectory tables_;
};

}  // namespace elile::core
