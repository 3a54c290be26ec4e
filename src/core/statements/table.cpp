#include "core/statements/table.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "core/shared/hash.hpp"
#include "core/shared/seam.hpp"

namespace elile::core {
namespace {

constexpr std::uint32_t kBucketsPerKey = 2;  // neighbours
constexpr std::uint32_t kWeightPerExecution = 64;
constexpr std::uint32_t kLargestStep = 1 << 16;  // times 64, times 512, fits 32 bits
constexpr std::uint32_t kEvictionLook = 32;      // entries compared for an eviction
constexpr std::uint32_t kEvictedAtOnce = 4;

constexpr std::uint64_t CellOf(std::uint64_t hash, std::uint32_t slot) noexcept {
    return (hash & ~std::uint64_t{UINT32_MAX}) | (slot + 1);
}

constexpr std::uint32_t SlotOf(std::uint64_t cell) noexcept {
    return static_cast<std::uint32_t>(cell) - 1;
}

}  // namespace

std::uint64_t StatementKey::Hash() const noexcept {
    const bool by_text = text_hash != 0;
    const std::uint64_t flags =
        (toplevel ? 1U : 0U) | (unidentified ? 2U : 0U) | (by_text ? 4U : 0U);
    constexpr std::uint64_t kSpread = UINT64_C(0x9e3779b97f4a7c15);
    return Mix(Mix((by_text ? text_hash : queryid) ^ flags << 56 ^ table * kSpread) ^
               (std::uint64_t{userid} << 32 | dbid));
}

StatementKey KeyOf(const Entry& entry) noexcept {
    const std::uint64_t owner = Get(entry.user_and_database);
    const std::uint32_t flags = Get(entry.flags);
    return {Get(entry.queryid),
            static_cast<std::uint32_t>(owner >> 32),
            static_cast<std::uint32_t>(owner),
            (flags & kToplevel) != 0,
            (flags & kUnidentified) != 0,
            Get(entry.table),
            Get(entry.text_hash)};
}

Target TargetOf(const Entry& entry) noexcept {
    const std::uint32_t flags = Get(entry.flags);
    return {Get(entry.table), static_cast<Operation>(flags >> kOperationShift & 7),
            (flags & kToplevel) != 0};
}

StatementOrigin StatementOriginOf(const Entry& entry) noexcept {
    return static_cast<StatementOrigin>(Get(entry.flags) >> kOriginShift & 3);
}

void StatementTable::Carve(Carver& carver, const SegmentSizes& sizes, const TextPool& texts,
                           const TextPool& details, const TableDirectory& tables) noexcept {
    // New statements may take so many entries while a process that folds is kept from running for a
    // time slice.
    constexpr std::uint32_t kLeastSpare = 512;
    const std::uint32_t all = sizes.statements + std::max(kLeastSpare, sizes.statements / 8);
    // About a quarter of the cells is used, so that a full pair of buckets is rare.
    const std::uint32_t lines = std::bit_ceil(all / 2 + 1);
    most = sizes.statements;
    shared = carver.Take<Shared>();
    buckets = {carver.Take<Bucket>(lines), lines};
    entries = {carver.Take<Entry>(all), all};
    auto* links = carver.Take<HalfWord>(all);
    chains.Carve(carver, all);
    const std::uint32_t targets = tables.Size() * kTargetsPerTable;
    leftovers = {carver.Take<Tally>(targets), targets};
    hazards = {carver.Take<Hazard>(sizes.backends), sizes.backends};
    CarvePools(carver, sizes);
    texts_ = texts;
    details_ = details;
    tables_ = tables;
    if (shared != nullptr) {
        free_entries = IndexStack(&shared->free_entries, links);
        retired_entries = IndexStack(&shared->retired_entries, links);
    }
}

void StatementTable::CarvePools(Carver& carver, const SegmentSizes& sizes) noexcept {
    constexpr std::uint32_t kOctavesPerEntry = 8;
    constexpr std::uint32_t kOctavesPerTable = 4;
    octaves.size = static_cast<std::uint32_t>(entries.size()) * kOctavesPerEntry +
                   sizes.tables * kOctavesPerTable;
    // Few statements are hot. A set for one in 32 costs about a twentieth of what the entries and
    // their octaves take.
    stripes.size = sizes.statements / 32 + 1;
    auto* octave_links = carver.Take<HalfWord>(octaves.size);
    octaves.octaves = carver.Take<Octave>(octaves.size);
    auto* stripe_links = carver.Take<HalfWord>(stripes.size);
    stripes.sets = carver.Take<StripeSet>(stripes.size);
    if (shared != nullptr) {
        octaves.free = IndexStack(&shared->free_octaves, octave_links);
        octaves.dropped = &shared->buckets_dropped;
        stripes.free = IndexStack(&shared->free_stripes, stripe_links);
    }
}

void StatementTable::AddTalliesOf(const Entry& entry, TallySnapshot& sum) const noexcept {
    ForEachCounters(entry, [&](const Counters& unit) { sum.AddTally(unit.tally, octaves); });
}

void StatementTable::AddTalliesOf(const Target& target, TallySnapshot& sum) const noexcept {
    for (const Entry& entry : entries) {
        if (TargetOf(entry) == target && IsCounted(entry)) {
            AddTalliesOf(entry, sum);
        }
    }
    if (tables_.IsCurrent(target.table)) {
        const Target at{TableDirectory::IndexOf(target.table), target.operation, target.toplevel};
        sum.AddTally(leftovers[PlaceOf(at)], octaves);
    }
}

std::uint64_t StatementTable::ExecutionsOf(const Entry& entry) const noexcept {
    std::uint64_t executions = 0;
    ForEachCounters(entry, [&executions](const Counters& counters) {
        executions += Get(counters.tally.calls) + Get(counters.tally.failed_calls);
    });
    return executions;
}

template <typename Visit>
void StatementTable::ForEachCell(std::uint64_t hash, Visit visit) const noexcept {
    const std::uint32_t mask = static_cast<std::uint32_t>(buckets.size()) - 1;
    for (std::uint32_t step = 0; step < kBucketsPerKey; ++step) {
        for (Word& cell : buckets[(static_cast<std::uint32_t>(hash) + step) & mask].cells) {
            if (visit(cell)) {
                return;
            }
        }
    }
}

// The identity may be that of an entry that took the slot meanwhile. The tag, read before and
// after, tells. It guards the identity as a sequence lock does: the tag Live releases what Fill()
// wrote, and Fill()'s fence the tag Filling, to the fence here.
[[gnu::always_inline]] inline bool StatementTable::Matches(std::uint64_t cell, std::uint64_t hash,
                                                           const StatementKey& key,
                                                           Handle* handle) const noexcept {
    if ((cell ^ hash) >> 32 != 0 || cell == 0) [[likely]] {
        return false;
    }
    const std::uint32_t slot = SlotOf(cell);
    const Entry& entry = entries[slot];
    const std::uint32_t tag = entry.tag.load(std::memory_order_acquire);
    if (StateOf(tag) != EntryState::kLive || KeyOf(entry) != key) {
        return false;
    }
    Fence(std::memory_order_acquire);
    if (Get(entry.tag) != tag) {
        return false;
    }
    *handle = {slot, tag};
    return true;
}

Handle StatementTable::Find(const StatementKey& key) const noexcept {
    const std::uint64_t hash = key.Hash();
    Handle handle;
    ForEachCell(hash, [&](const Word& cell) {
        return Matches(cell.load(std::memory_order_acquire), hash, key, &handle);
    });
    return handle;
}

std::uint32_t StatementTable::ClaimSlot() noexcept {
    const std::uint32_t slot = free_entries.Pop();
    if (slot != kNoIndex) {
        return slot;
    }
    Fold();
    return free_entries.Pop();
}

void StatementTable::Fill(std::uint32_t slot, const StatementKey& key,
                          const NewEntry& fresh) noexcept {
    Entry& entry = entries[slot];
    entry.tag.store(Filling(Get(entry.tag)), std::memory_order_relaxed);
    Fence(std::memory_order_release);
    Put(entry.queryid, key.queryid);
    Put(entry.user_and_database, std::uint64_t{key.userid} << 32 | key.dbid);
    Put(entry.flags, (key.toplevel ? 1U : 0U) | (key.unidentified ? 2U : 0U) |
                         static_cast<std::uint32_t>(fresh.target.operation) << kOperationShift |
                         static_cast<std::uint32_t>(fresh.origin) << kOriginShift);
    Put(entry.table, fresh.target.table);
    Put(entry.text, fresh.text);
    Put(entry.created_at_us, fresh.created_at_us);
    Put(entry.text_hash, key.text_hash);
    Put(entry.seen_calls, 0);
    Put(entry.weight, kWeightPerExecution);
    Put(entry.collisions, 0);
}

// A cell leads to an entry before the entry is live, so that whoever retires it finds its cell.
bool StatementTable::Publish(std::uint64_t hash, std::uint32_t slot) noexcept {
    bool published = false;
    ForEachCell(hash, [&](Word& cell) {
        std::uint64_t seen = Get(cell);
        published = seen == 0 && cell.compare_exchange_strong(seen, CellOf(hash, slot),
                                                              std::memory_order_seq_cst);
        return published;
    });
    if (published) {
        shared->live.fetch_add(1, std::memory_order_relaxed);
    }
    return published;
}

// The entry is live only when its chain leads to it, so that whoever retires it may fold it.
void StatementTable::Chain(std::uint32_t slot) noexcept {
    const Entry& entry = entries[slot];
    if ((Get(entry.flags) & kUnidentified) == 0) {
        chains.Link(Get(entry.queryid), slot);
    }
}

// Two sessions may have made the same key at once, in different cells. Whoever sees both retires
// the later cell's entry; folding moves what it counted into the other. Returns the one that stays.
// The own entry is live before the fence and the looks come after it, so one of the two sessions
// sees both.
Handle StatementTable::SettleDuplicates(const StatementKey& key, std::uint64_t hash) noexcept {
    Handle first;
    Fence(std::memory_order_seq_cst);
    ForEachCell(hash, [&](const Word& cell) {
        Handle handle;
        if (Matches(cell.load(std::memory_order_seq_cst), hash, key, &handle)) {
            if (first.IsValid()) {
                Retire(handle, false);
            } else {
                first = handle;
            }
        }
        return false;
    });
    return first;
}

Handle StatementTable::Make(const StatementKey& key, const NewEntry& entry) noexcept {
    const std::uint32_t slot = ClaimSlot();
    if (slot == kNoIndex) {
        texts_.Release(entry.text);
        return {};
    }
    Pass(Seam::kClaimed);
    const std::uint64_t hash = key.Hash();
    // The second time makes up for a victim that another session took.
    for (int turn = 0; turn < 2 && Get(shared->live) >= most; ++turn) {
        EvictSome();
    }
    Fill(slot, key, entry);
    Pass(Seam::kFilled);
    constexpr int kTries = 4;
    for (int attempt = 0; attempt < kTries; ++attempt) {
        if (Publish(hash, slot)) {
            Pass(Seam::kPublished);
            Chain(slot);
            Pass(Seam::kChained);
            HalfWord& tag = entries[slot].tag;
            tag.store(Live(Get(tag)), std::memory_order_seq_cst);
            Pass(Seam::kLive);
            return SettleDuplicates(key, hash);
        }
        EvictFromBuckets(hash);
    }
    EmptySlot(slot);
    return {};
}

// Processes that meet on one entry slow each other down. After a number of such collisions the
// entry gets stripes, so that only hot statements have them.
void StatementTable::NoteCollision(Entry& entry) noexcept {
    constexpr std::uint32_t kHot = 64;
    const std::uint32_t collisions = entry.collisions.fetch_add(1, std::memory_order_relaxed) + 1;
    std::uint32_t set = Get(entry.stripes);
    if (set != 0 || collisions % kHot != 0) {
        return;
    }
    const std::uint32_t fresh = stripes.free.Pop();
    if (fresh == kNoIndex) {
        Add(shared->stripes_dropped, 1);
    } else if (!entry.stripes.compare_exchange_strong(set, fresh + 1, std::memory_order_acq_rel)) {
        stripes.free.Push(fresh);
    }
}

bool StatementTable::Retire(const Handle& handle, bool discard) noexcept {
    Entry& entry = entries[handle.slot];
    const std::uint64_t hash = KeyOf(entry).Hash();
    std::uint32_t live = handle.tag;
    if (!entry.tag.compare_exchange_strong(live, Retired(handle.tag), std::memory_order_seq_cst)) {
        return false;
    }
    Pass(Seam::kRetired);
    if (discard) {
        entry.flags.fetch_or(kDiscard, std::memory_order_relaxed);
    }
    ForEachCell(hash, [&](Word& cell) {
        std::uint64_t own = CellOf(hash, handle.slot);
        if (Get(cell) != own || !cell.compare_exchange_strong(own, 0, std::memory_order_seq_cst)) {
            return false;
        }
        shared->live.fetch_sub(1, std::memory_order_relaxed);
        return true;
    });
    Pass(Seam::kUnlinked);
    retired_entries.Push(handle.slot);
    return true;
}

// The weight is how often the statement ran, the past fading by a 512th with each pass of the
// eviction's hand. What runs often outlives a pause; what ran once is gone after a few passes. The
// statement itself writes nothing for it.
std::uint32_t StatementTable::Weigh(Entry& entry) noexcept {
    constexpr std::uint32_t kFading = 512;
    const auto executions = static_cast<std::uint32_t>(ExecutionsOf(entry));
    const std::uint32_t step = executions - Get(entry.seen_calls);
    Put(entry.seen_calls, executions);
    const std::uint32_t past = Get(entry.weight);
    const std::uint32_t weight =
        past - (past + kFading - 1) / kFading + kWeightPerExecution * std::min(step, kLargestStep);
    Put(entry.weight, weight);
    return weight;
}

// Several are evicted at once, so that most newcomers find room: looking at an entry costs two
// cache misses.
void StatementTable::EvictSome() noexcept {
    struct Candidate {
        std::uint32_t weight;
        Handle handle;
    };
    std::array<Candidate, kEvictionLook> candidates;
    const auto size = static_cast<std::uint32_t>(entries.size());
    const std::uint32_t start = shared->hand.fetch_add(kEvictionLook, std::memory_order_relaxed);
    for (std::uint32_t step = 0; step < kEvictionLook; ++step) {
        const Entry& entry = entries[(start + step) % size];
        __builtin_prefetch(&entry);
        __builtin_prefetch(&entry.counters.tally);
    }
    std::uint32_t seen = 0;
    for (std::uint32_t step = 0; step < size && seen < kEvictionLook; ++step) {
        const std::uint32_t slot = (start + step) % size;
        const std::uint32_t tag = Get(entries[slot].tag);
        if (StateOf(tag) == EntryState::kLive) {
            candidates[seen++] = {Weigh(entries[slot]), {slot, tag}};
        }
    }
    const std::uint32_t victims = std::min(seen, kEvictedAtOnce);
    std::partial_sort(candidates.begin(), candidates.begin() + victims, candidates.begin() + seen,
                      [](const Candidate& a, const Candidate& b) { return a.weight < b.weight; });
    for (std::uint32_t at = 0; at < victims; ++at) {
        Add(shared->evictions, Retire(candidates[at].handle, false) ? 1 : 0);
    }
    if (free_entries.Count() < (size - most) / 2) {
        Fold();
    }
}

void StatementTable::EvictFromBuckets(std::uint64_t hash) noexcept {
    Handle victim;
    std::uint64_t least = UINT64_MAX;
    bool has_room = false;
    ForEachCell(hash, [&](const Word& word) {
        const std::uint64_t cell = word.load(std::memory_order_acquire);
        has_room = cell == 0;
        if (!has_room) {
            const std::uint32_t slot = SlotOf(cell);
            const std::uint32_t tag = Get(entries[slot].tag);
            const std::uint64_t executions = ExecutionsOf(entries[slot]);
            if (StateOf(tag) == EntryState::kLive && executions < least) {
                least = executions;
                victim = {slot, tag};
            }
        }
        return has_room;
    });
    if (!has_room && victim.IsValid() && Retire(victim, false)) {
        Add(shared->evictions, 1);
    }
}

}  // namespace elile::core
