// Folding retired entries, reset, and repair after a crash: the ways an entry becomes free.
#include <array>
#include <span>

#include "core/shared/seam.hpp"
#include "core/statements/store.hpp"

namespace elile::core {
namespace {

// All of it is about to be read and cleared, and it is cold.
void PrefetchEntry(const Entry& entry) noexcept {
    const auto* line = reinterpret_cast<const char*>(&entry);
    for (std::size_t at = 0; at < sizeof(Entry); at += kCacheLine) {
        __builtin_prefetch(line + at, 1);
    }
}

// Their octaves are freed with all that nobody refers to.
void ForgetOctaves(Tally& tally) noexcept {
    for (HalfWord& reference : tally.octave) {
        Put(reference, 0);
    }
}

// Likewise.
void ForgetTexts(PlanHistory& history) noexcept {
    for (HalfWord& text : history.texts) {
        Put(text, 0);
    }
}

}  // namespace

// Which of some retired entries a backend may be adding to, as bits. A hazard that is published
// later finds the entry retired.
std::uint64_t StatementStore::Hazardous(std::span<const std::uint32_t> slots) const noexcept {
    std::uint64_t found = 0;
    for (std::uint32_t backend = 0; backend < segment_.header->sizes.backends; ++backend) {
        const std::uint32_t hazard = segment_.hazards[backend].slot.load(std::memory_order_seq_cst);
        for (std::size_t at = 0; hazard != 0 && at < slots.size(); ++at) {
            found |= std::uint64_t{hazard == slots[at] + 1} << at;
        }
    }
    return found;
}

void StatementStore::EmptySlot(std::uint32_t slot) noexcept {
    Entry& entry = segment_.entries[slot];
    segment_.ForEachCounters(
        entry, [this](Counters& counters) { ClearCounters(counters, segment_.octaves); });
    ClearHistory(entry.history, segment_.details);
    const std::uint32_t stripes = Get(entry.stripes);
    if (stripes != 0) {
        Put(entry.stripes, 0);
        segment_.stripes.free.Push(stripes - 1);
    }
    const std::uint32_t text = Get(entry.text);
    Put(entry.text, 0);
    segment_.texts.Release(text);
    Put(entry.flags, 0);
    entry.tag.store((Get(entry.tag) | 3) + 1, std::memory_order_release);
    Pass(Seam::kEmptied);
    segment_.free_entries.Push(slot);
}

void StatementStore::FoldSlot(std::uint32_t slot) noexcept {
    Entry& entry = segment_.entries[slot];
    if ((Get(entry.flags) & kDiscard) == 0) {
        entry.flags.fetch_or(kFolding, std::memory_order_release);
        Pass(Seam::kFolding);
        const Handle heir = Find(KeyOf(entry));
        if (heir.IsValid()) {
            // The statement came back, or two sessions had made its entry at once.
            Entry& target = segment_.entries[heir.slot];
            segment_.ForEachCounters(entry, [&](const Counters& counters) {
                AddCountersTo(counters, target.counters, segment_.octaves);
            });
            Put(target.created_at_us, Get(entry.created_at_us));
        } else {
            Tally& leftover = segment_.LeftoverOf(TargetOf(entry));
            segment_.ForEachCounters(entry, [&](const Counters& counters) {
                AddTallyTo(counters.tally, leftover, segment_.octaves);
            });
        }
        Pass(Seam::kSummed);
    }
    EmptySlot(slot);
}

void StatementStore::Fold() noexcept {
    Gate& gate = segment_.header->gate;
    if (!gate.TryExclusive()) {
        return;
    }
    static_assert(kFoldBatch <= 64, "a bit for each");
    std::array<std::uint32_t, kFoldBatch> slots;
    std::size_t count = 0;
    for (; count < kFoldBatch; ++count) {
        slots[count] = segment_.retired_entries.Pop();
        if (slots[count] == kNoIndex) {
            break;
        }
        PrefetchEntry(segment_.entries[slots[count]]);
    }
    const std::uint64_t hazardous = Hazardous({slots.data(), count});
    for (std::size_t at = 0; at < count; ++at) {
        if ((hazardous >> at & 1) != 0) {
            segment_.retired_entries.Push(slots[at]);
        } else {
            FoldSlot(slots[at]);
        }
    }
    gate.LeaveExclusive();
}

bool StatementStore::TryReset(std::uint32_t userid, std::uint32_t dbid, std::uint64_t queryid,
                              std::uint64_t now_us) noexcept {
    SegmentHeader& header = *segment_.header;
    const bool clears = userid == 0 && queryid == 0;
    if (!(clears ? header.gate.TryClearing() : header.gate.TryExclusive())) {
        return false;
    }
    const auto matches = [&](std::uint32_t user, std::uint32_t database, std::uint64_t query) {
        return (userid == 0 || userid == user) && (dbid == 0 || dbid == database) &&
               (queryid == 0 || queryid == query);
    };
    for (std::uint32_t slot = 0; slot < header.sizes.Entries(); ++slot) {
        Entry& entry = segment_.entries[slot];
        const std::uint32_t tag = entry.tag.load(std::memory_order_acquire);
        const StatementKey key = KeyOf(entry);
        if (!matches(key.userid, key.dbid, key.queryid)) {
            continue;
        }
        if (StateOf(tag) == EntryState::kLive) {
            Retire({slot, tag}, true);
        } else if (StateOf(tag) == EntryState::kRetired) {
            entry.flags.fetch_or(kDiscard, std::memory_order_relaxed);
        }
    }
    if (clears) {
        for (std::uint32_t at = 0; at < header.sizes.Leftovers(); ++at) {
            const std::uint32_t table = TargetAt(at).table;
            if (dbid == 0 || segment_.tables.KeyOf(table).dbid == dbid) {
                ClearTally(segment_.leftovers[at], segment_.octaves);
                Put(segment_.loops[table], 0);
            }
        }
        if (dbid == 0) {
            Put(header.stats_since_us, now_us);
        }
    }
    segment_.ring.Forget([&](const SlowRecord& record) {
        return matches(record.userid, record.dbid, record.queryid);
    });
    segment_.n_plus_one.Forget([&](const NPlusOneCopy& pattern) {
        const NPlusOneKey& key = pattern.key;
        return matches(key.user, key.database, key.parent) ||
               matches(key.user, key.database, key.child);
    });
    header.gate.LeaveExclusive();
    return true;
}

// Marks the octaves a tally refers to, in their links. False when one was out of range or another
// tally's: it is dropped.
bool StatementStore::KeepOctaves(Tally& tally) noexcept {
    bool sound = true;
    for (HalfWord& reference : tally.octave) {
        const std::uint32_t index = Get(reference);
        if (index == 0) {
            continue;
        }
        if (index > segment_.octaves.size || Get(segment_.octaves.free.Link(index - 1)) != 0) {
            Put(reference, 0);
            sound = false;
        } else {
            Put(segment_.octaves.free.Link(index - 1), 1);
        }
    }
    return sound;
}

// An execution whose session was killed between its bucket and its call is counted after all.
bool StatementStore::MendCalls(Tally& tally) noexcept {
    std::uint64_t placed = Get(tally.below) + Get(tally.above) + Get(tally.unplaced);
    for (const HalfWord& reference : tally.octave) {
        if (Get(reference) != 0) {
            for (const Word& count : segment_.octaves.octaves[Get(reference) - 1].count) {
                placed += Get(count);
            }
        }
    }
    const std::uint64_t executions = Get(tally.calls) + Get(tally.failed_calls);
    if (placed <= executions) {
        return true;
    }
    Add(tally.calls, placed - executions);
    return false;
}

// Marks the entry's stripes as an octave is marked.
bool StatementStore::KeepStripes(Entry& entry) noexcept {
    const std::uint32_t stripes = Get(entry.stripes);
    if (stripes == 0) {
        return true;
    }
    if (stripes > segment_.stripes.size || Get(segment_.stripes.free.Link(stripes - 1)) != 0) {
        Put(entry.stripes, 0);
        return false;
    }
    Put(segment_.stripes.free.Link(stripes - 1), 1);
    return true;
}

// Returns how much of the entry had to be mended.
std::uint64_t StatementStore::RepairEntry(std::uint32_t slot) noexcept {
    Entry& entry = segment_.entries[slot];
    const EntryState state = StateOf(Get(entry.tag));
    if (state == EntryState::kFree) {
        return 0;
    }
    const bool half_folded = state == EntryState::kRetired && (Get(entry.flags) & kFolding) != 0;
    if (state == EntryState::kFilling || half_folded ||
        Get(entry.table) > segment_.header->sizes.tables) {
        // Its text and stripes are not marked and go with its octaves.
        ForgetOctaves(entry.counters.tally);
        ClearCounters(entry.counters, segment_.octaves);
        ForgetTexts(entry.history);
        ClearHistory(entry.history, segment_.details);
        Put(entry.stripes, 0);
        Put(entry.text, 0);
        Put(entry.flags, 0);
        Put(entry.tag, (Get(entry.tag) | 3) + 1);
        return 1;
    }
    std::uint64_t mended = KeepStripes(entry) ? 0 : 1;
    segment_.ForEachCounters(entry, [&](Counters& counters) {
        mended += KeepOctaves(counters.tally) ? 0 : 1;
        mended += MendCalls(counters.tally) ? 0 : 1;
    });
    if (!segment_.texts.Keep(Get(entry.text))) {
        Put(entry.text, 0);
        ++mended;
    }
    mended += MendHistory(entry.history, segment_.details) ? 0 : 1;
    return mended;
}

void StatementStore::RepairOctaves() noexcept {
    for (std::uint32_t index = segment_.octaves.size; index-- > 0;) {
        if (Get(segment_.octaves.free.Link(index)) == 0) {
            for (Word& count : segment_.octaves.octaves[index].count) {
                Put(count, 0);
            }
            segment_.octaves.free.Push(index);
        }
    }
}

// Before RepairOctaves(), for the stripes that nobody refers to have octaves that nobody may keep.
void StatementStore::RepairStripes() noexcept {
    for (std::uint32_t index = segment_.stripes.size; index-- > 0;) {
        if (Get(segment_.stripes.free.Link(index)) == 0) {
            for (Counters& counters : segment_.stripes.sets[index]) {
                ForgetOctaves(counters.tally);
                ClearCounters(counters, segment_.octaves);
            }
            segment_.stripes.free.Push(index);
        }
    }
}

void StatementStore::RelinkEntries() noexcept {
    for (std::uint32_t slot = segment_.header->sizes.Entries(); slot-- > 0;) {
        Entry& entry = segment_.entries[slot];
        const std::uint32_t tag = Get(entry.tag);
        switch (StateOf(tag)) {
            case EntryState::kLive:
                // Its like is there already where a session died before it had settled the two.
                if (Find(KeyOf(entry)).IsValid() || !Publish(KeyOf(entry).Hash(), slot)) {
                    Retire({slot, tag}, false);
                }
                break;
            case EntryState::kRetired:
                segment_.retired_entries.Push(slot);
                break;
            default:
                segment_.free_entries.Push(slot);
        }
    }
}

void StatementStore::Repair() noexcept {
    SegmentHeader& header = *segment_.header;
    header.gate.KeepClosed();
    for (std::uint32_t backend = 0; backend < header.sizes.backends; ++backend) {
        Put(segment_.hazards[backend].slot, 0);
    }
    for (std::uint32_t bucket = 0; bucket < header.sizes.Buckets(); ++bucket) {
        for (Word& cell : segment_.buckets[bucket].cells) {
            Put(cell, 0);
        }
    }
    Put(header.live, 0);
    segment_.free_entries.Clear();
    segment_.retired_entries.Clear();
    segment_.octaves.free.Clear();
    for (std::uint32_t index = 0; index < segment_.octaves.size; ++index) {
        Put(segment_.octaves.free.Link(index), 0);
    }
    segment_.stripes.free.Clear();
    for (std::uint32_t index = 0; index < segment_.stripes.size; ++index) {
        Put(segment_.stripes.free.Link(index), 0);
    }
    segment_.texts.BeginRepair();
    segment_.details.BeginRepair();
    segment_.suggestions.BeginRepair();
    std::uint64_t mended = 0;
    for (std::uint32_t slot = 0; slot < header.sizes.Entries(); ++slot) {
        mended += RepairEntry(slot);
    }
    for (std::uint32_t at = 0; at < header.sizes.Leftovers(); ++at) {
        mended += KeepOctaves(segment_.leftovers[at]) ? 0 : 1;
        mended += MendCalls(segment_.leftovers[at]) ? 0 : 1;
    }
    mended += segment_.ring.Repair();
    mended += segment_.n_plus_one.Repair();
    segment_.texts.FreeTheRest();
    segment_.details.FreeTheRest();
    segment_.suggestions.FreeTheRest();
    RepairStripes();
    RepairOctaves();
    segment_.tables.Repair();
    segment_.databases.Repair();
    segment_.applications.Repair();
    segment_.pools.Repair();
    segment_.ended.Repair();
    segment_.header->builds.Repair();
    RelinkEntries();
    Add(header.repaired_slots, mended);
    header.gate.LeaveExclusive();
}

}  // namespace elile::core
