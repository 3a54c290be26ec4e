#include "core/statements/store.hpp"

#include <algorithm>
#include <array>

#include "core/shared/seam.hpp"

namespace elile::core {
namespace {

constexpr std::uint32_t kBucketsPerKey = 2;  // neighbours
constexpr std::uint32_t kWeightPerExecution = 64;
constexpr std::uint64_t kLargestStep = 1 << 16;  // times 64, times 512, fits 32 bits
constexpr std::uint32_t kEvictionLook = 32;      // entries compared for an eviction
constexpr std::uint32_t kEvictedAtOnce = 4;

constexpr std::uint64_t CellOf(std::uint64_t hash, std::uint32_t slot) noexcept {
    return (hash & ~std::uint64_t{UINT32_MAX}) | (slot + 1);
}

constexpr std::uint32_t SlotOf(std::uint64_t cell) noexcept {
    return static_cast<std::uint32_t>(cell) - 1;
}

}  // namespace

std::uint64_t StatementStore::ExecutionsOf(const Entry& entry) const noexcept {
    std::uint64_t executions = 0;
    segment_.ForEachCounters(entry, [&executions](const Counters& counters) {
        executions += Get(counters.tally.calls) + Get(counters.tally.failed_calls);
    });
    return executions;
}

template <typename Visit>
void StatementStore::ForEachCell(std::uint64_t hash, Visit visit) const noexcept {
    const std::uint32_t mask = segment_.header->sizes.Buckets() - 1;
    for (std::uint32_t step = 0; step < kBucketsPerKey; ++step) {
        for (Word& cell :
             segment_.buckets[(static_cast<std::uint32_t>(hash) + step) & mask].cells) {
            if (visit(cell)) {
                return;
            }
        }
    }
}

// The identity may be that of an entry that took the slot meanwhile; the tag read before and after
// tells.
[[gnu::always_inline]] inline bool StatementStore::Matches(std::uint64_t cell, std::uint64_t hash,
                                                           const StatementKey& key,
                                                           Handle* handle) const noexcept {
    if ((cell ^ hash) >> 32 != 0 || cell == 0) [[likely]] {
        return false;
    }
    const std::uint32_t slot = SlotOf(cell);
    const Entry& entry = segment_.entries[slot];
    const std::uint32_t tag = entry.tag.load(std::memory_order_acquire);
    if (StateOf(tag) != EntryState::kLive || KeyOf(entry) != key) {
        return false;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (Get(entry.tag) != tag) {
        return false;
    }
    *handle = {slot, tag};
    return true;
}

Handle StatementStore::Find(const StatementKey& key) const noexcept {
    const std::uint64_t hash = key.Hash();
    Handle handle;
    ForEachCell(hash, [&](const Word& cell) {
        return Matches(cell.load(std::memory_order_acquire), hash, key, &handle);
    });
    return handle;
}

std::uint32_t StatementStore::ClaimSlot() noexcept {
    const std::uint32_t slot = segment_.free_entries.Pop();
    if (slot != kNoIndex) {
        return slot;
    }
    Fold();
    return segment_.free_entries.Pop();
}

void StatementStore::Fill(std::uint32_t slot, const StatementKey& key,
                          const NewEntry& fresh) noexcept {
    Entry& entry = segment_.entries[slot];
    const std::uint32_t tag = Get(entry.tag);
    entry.tag.store(tag + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    Put(entry.queryid, key.queryid);
    Put(entry.user_and_database, std::uint64_t{key.userid} << 32 | key.dbid);
    Put(entry.flags, (key.toplevel ? 1U : 0U) | (key.unidentified ? 2U : 0U) |
                         static_cast<std::uint32_t>(fresh.target.operation) << kOperationShift);
    Put(entry.table, fresh.target.table);
    Put(entry.text, fresh.text);
    Put(entry.created_at_us, fresh.created_at_us);
    Put(entry.seen_calls, 0);
    Put(entry.weight, kWeightPerExecution);
    Put(entry.collisions, 0);
}

// Before an entry is live, so that whoever retires one finds its cell.
bool StatementStore::Publish(std::uint64_t hash, std::uint32_t slot) noexcept {
    bool published = false;
    ForEachCell(hash, [&](Word& cell) {
        std::uint64_t seen = Get(cell);
        published = seen == 0 && cell.compare_exchange_strong(seen, CellOf(hash, slot),
                                                              std::memory_order_seq_cst);
        return published;
    });
    if (published) {
        segment_.header->live.fetch_add(1, std::memory_order_relaxed);
    }
    return published;
}

// Two sessions may have made the same key at once, in different cells. Whoever sees both retires
// the later cell's entry; folding moves what it counted into the other. Returns the one that stays.
// The fence orders the own entry's becoming live before the looks, so that one of the two sees
// both.
Handle StatementStore::SettleDuplicates(const StatementKey& key, std::uint64_t hash) noexcept {
    Handle first;
    std::atomic_thread_fence(std::memory_order_seq_cst);
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

Handle StatementStore::Insert(const StatementKey& key, const NewEntry& entry) noexcept {
    const Handle known = Find(key);
    if (known.IsValid()) {
        segment_.texts.Release(entry.text);
        return known;
    }
    const std::uint32_t slot = ClaimSlot();
    if (slot == kNoIndex) {
        segment_.texts.Release(entry.text);
        return {};
    }
    Pass(Seam::kClaimed);
    const std::uint64_t hash = key.Hash();
    // The second time makes up for a victim that another session took.
    for (int turn = 0; turn < 2 && Get(segment_.header->live) >= segment_.header->sizes.statements;
         ++turn) {
        EvictSome();
    }
    Fill(slot, key, entry);
    Pass(Seam::kFilled);
    constexpr int kTries = 4;
    for (int attempt = 0; attempt < kTries; ++attempt) {
        if (Publish(hash, slot)) {
            Pass(Seam::kPublished);
            HalfWord& tag = segment_.entries[slot].tag;
            tag.store(Get(tag) + 1, std::memory_order_seq_cst);
            Pass(Seam::kLive);
            return SettleDuplicates(key, hash);
        }
        EvictFromBuckets(hash);
    }
    EmptySlot(slot);
    return {};
}

// Processes that meet on one entry slow each other down. After a number of such collisions it
// gets stripes, so that hot statements have them and no others.
void StatementStore::NoteCollision(Entry& entry) noexcept {
    constexpr std::uint32_t kHot = 64;
    const std::uint32_t collisions = entry.collisions.fetch_add(1, std::memory_order_relaxed) + 1;
    std::uint32_t stripes = Get(entry.stripes);
    if (stripes != 0 || collisions % kHot != 0) {
        return;
    }
    const std::uint32_t fresh = segment_.stripes.free.Pop();
    if (fresh == kNoIndex) {
        Add(*segment_.stripes.exhausted, 1);
    } else if (!entry.stripes.compare_exchange_strong(stripes, fresh + 1,
                                                      std::memory_order_acq_rel)) {
        segment_.stripes.free.Push(fresh);
    }
}

bool StatementStore::AddPlanning(const Handle& handle, std::uint64_t duration_ns) noexcept {
    return WithEntry(handle, [duration_ns](Entry& entry) {
        PlanTally& plans = entry.counters.plans;
        const auto duration = static_cast<double>(duration_ns);
        Add(plans.plans, 1);
        Add(plans.total_ns, duration_ns);
        Add(plans.sum_of_squares, duration * duration);
        RaiseTo(plans.inverted_min_ns, ~duration_ns);
        RaiseTo(plans.max_ns, duration_ns);
    });
}

void StatementStore::AddLeftover(const Target& target, const Sample& sample) noexcept {
    // Folding adds like we do and does not mind. A reset, microseconds long, would leave our
    // execution half counted, and count it in an octave that is another tally's by then. Its holder
    // may have been stopped, so the wait is bounded; the execution then goes with those before it.
    constexpr int kTries = 1000;
    Gate& gate = segment_.header->gate;
    for (int attempt = 0; attempt < kTries; ++attempt) {
        if (gate.TryAdding()) {
            AddSample(segment_.LeftoverOf(target), segment_.octaves, sample);
            gate.LeaveShared();
            return;
        }
    }
    Add(segment_.header->not_ready, 1);
}

std::uint32_t StatementStore::TakeText(const Handle& handle) noexcept {
    std::uint32_t text = 0;
    WithEntry(handle, [&](const Entry& entry) {
        text = Get(entry.text);
        segment_.texts.AddReference(text);
    });
    return text;
}

bool StatementStore::Retire(const Handle& handle, bool discard) noexcept {
    Entry& entry = segment_.entries[handle.slot];
    const std::uint64_t hash = KeyOf(entry).Hash();
    std::uint32_t live = handle.tag;
    if (!entry.tag.compare_exchange_strong(live, handle.tag + 1, std::memory_order_seq_cst)) {
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
        segment_.header->live.fetch_sub(1, std::memory_order_relaxed);
        return true;
    });
    Pass(Seam::kUnlinked);
    segment_.retired_entries.Push(handle.slot);
    return true;
}

// How often it ran, the past fading by a 512th with each pass of the eviction's hand: what runs
// often outlives a pause, what ran once is gone after a few passes. The statement itself writes
// nothing for it.
std::uint32_t StatementStore::Weigh(Entry& entry) noexcept {
    constexpr std::uint32_t kFading = 512;
    const std::uint64_t executions = ExecutionsOf(entry);
    const std::uint64_t step = executions - Get(entry.seen_calls);
    Put(entry.seen_calls, executions);
    const std::uint32_t past = Get(entry.weight);
    const std::uint32_t weight =
        past - (past + kFading - 1) / kFading +
        kWeightPerExecution * static_cast<std::uint32_t>(std::min(step, kLargestStep));
    Put(entry.weight, weight);
    return weight;
}

// Several at once, so that most newcomers find room: looking at an entry costs two cache misses.
void StatementStore::EvictSome() noexcept {
    struct Candidate {
        std::uint32_t weight;
        Handle handle;
    };
    std::array<Candidate, kEvictionLook> candidates;
    SegmentHeader& header = *segment_.header;
    const std::uint32_t entries = header.sizes.Entries();
    const std::uint32_t start = header.hand.fetch_add(kEvictionLook, std::memory_order_relaxed);
    for (std::uint32_t step = 0; step < kEvictionLook; ++step) {
        const Entry& entry = segment_.entries[(start + step) % entries];
        __builtin_prefetch(&entry);
        __builtin_prefetch(&entry.counters.tally);
    }
    std::uint32_t seen = 0;
    for (std::uint32_t step = 0; step < entries && seen < kEvictionLook; ++step) {
        const std::uint32_t slot = (start + step) % entries;
        const std::uint32_t tag = Get(segment_.entries[slot].tag);
        if (StateOf(tag) == EntryState::kLive) {
            candidates[seen++] = {Weigh(segment_.entries[slot]), {slot, tag}};
        }
    }
    const std::uint32_t victims = std::min(seen, kEvictedAtOnce);
    std::partial_sort(candidates.begin(), candidates.begin() + victims, candidates.begin() + seen,
                      [](const Candidate& a, const Candidate& b) { return a.weight < b.weight; });
    for (std::uint32_t at = 0; at < victims; ++at) {
        Add(header.evictions, Retire(candidates[at].handle, false) ? 1 : 0);
    }
    if (segment_.free_entries.Count() < header.sizes.SpareEntries() / 2) {
        Fold();
    }
}

void StatementStore::EvictFromBuckets(std::uint64_t hash) noexcept {
    Handle victim;
    std::uint64_t least = UINT64_MAX;
    bool has_room = false;
    ForEachCell(hash, [&](const Word& word) {
        const std::uint64_t cell = word.load(std::memory_order_acquire);
        has_room = cell == 0;
        if (!has_room) {
            const std::uint32_t slot = SlotOf(cell);
            const std::uint32_t tag = Get(segment_.entries[slot].tag);
            const std::uint64_t executions = ExecutionsOf(segment_.entries[slot]);
            if (StateOf(tag) == EntryState::kLive && executions < least) {
                least = executions;
                victim = {slot, tag};
            }
        }
        return has_room;
    });
    if (!has_room && victim.IsValid() && Retire(victim, false)) {
        Add(segment_.header->evictions, 1);
    }
}

}  // namespace elile::core
