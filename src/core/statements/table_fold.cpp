// Retired entries are folded here, a reset forgets them, and the repair after a crash makes them
// whole or free.
#include <algorithm>
#include <array>
#include <span>

#include "core/shared/seam.hpp"
#include "core/statements/table.hpp"

namespace elile::core {
namespace {

// The whole entry is about to be read and cleared, and it is cold.
void PrefetchEntry(const Entry& entry) noexcept {
    const auto* line = reinterpret_cast<const char*>(&entry);
    for (std::size_t at = 0; at < sizeof(Entry); at += kCacheLine) {
        __builtin_prefetch(line + at, 1);
    }
}

// A repair frees the octaves to which no tally refers then.
void ForgetOctaves(Tally& tally) noexcept {
    for (HalfWord& reference : tally.octave) {
        Put(reference, 0);
    }
}

// A repair frees the texts that nobody keeps.
void ForgetTexts(PlanHistory& history) noexcept {
    for (HalfWord& text : history.texts) {
        Put(text, 0);
    }
}

}  // namespace

// A server may allow for many more backends than it ever has.
void StatementTable::NoteBackend(std::uint32_t backend) noexcept {
    std::uint32_t seen = Get(shared->hazards_used);
    while (seen <= backend && !shared->hazards_used.compare_exchange_weak(
                                  seen, backend + 1, std::memory_order_seq_cst)) {
    }
}

// Returns as bits which of these retired entries a backend may be adding to. A hazard that is
// published later finds the entry retired.
std::uint64_t StatementTable::Hazardous(std::span<const std::uint32_t> slots) const noexcept {
    std::uint64_t found = 0;
    const std::uint32_t used = shared->hazards_used.load(std::memory_order_seq_cst);
    for (const Hazard& published : hazards.first(std::min<std::size_t>(used, hazards.size()))) {
        const std::uint32_t hazard = published.slot.load(std::memory_order_seq_cst);
        for (std::size_t at = 0; hazard != 0 && at < slots.size(); ++at) {
            found |= std::uint64_t{hazard == slots[at] + 1} << at;
        }
    }
    return found;
}

void StatementTable::EmptySlot(std::uint32_t slot) noexcept {
    Entry& entry = entries[slot];
    ForEachCounters(entry, [this](Counters& counters) { ClearCounters(counters, octaves); });
    ClearHistory(entry.history, details_);
    const std::uint32_t set = Get(entry.stripes);
    if (set != 0) {
        Put(entry.stripes, 0);
        stripes.free.Push(set - 1);
    }
    const std::uint32_t text = Get(entry.text);
    Put(entry.text, 0);
    texts_.Release(text);
    Put(entry.flags, 0);
    // After a crash a slot that is free is empty.
    entry.tag.store(Free(Get(entry.tag)), std::memory_order_release);
    Pass(Seam::kEmptied);
    free_entries.Push(slot);
}

void StatementTable::FoldSlot(std::uint32_t slot) noexcept {
    Entry& entry = entries[slot];
    chains.Unlink(Get(entry.queryid), slot, [this](std::uint32_t other) {
        return (Get(entries[other].flags) & kGoing) != 0;
    });
    if ((Get(entry.flags) & kDiscard) == 0) {
        // After a crash the mark is there whenever a sum has been moved.
        entry.flags.fetch_or(kFolding, std::memory_order_seq_cst);
        Pass(Seam::kFolding);
        const Handle heir = Find(KeyOf(entry));
        if (heir.IsValid()) {
            // The statement came back, or two sessions had made its entry at once.
            Entry& target = entries[heir.slot];
            ForEachCounters(entry, [&](const Counters& counters) {
                AddCountersTo(counters, target.counters, octaves);
            });
            Put(target.created_at_us, Get(entry.created_at_us));
        } else {
            Tally& leftover = leftovers[PlaceFor(entry)];
            ForEachCounters(entry, [&](const Counters& counters) {
                AddTallyTo(counters.tally, leftover, octaves);
            });
        }
        Pass(Seam::kSummed);
    }
    EmptySlot(slot);
}

void StatementTable::Fold() noexcept {
    Gate& gate = shared->gate;
    if (!gate.TryExclusive()) {
        return;
    }
    static_assert(kFoldBatch <= 64, "a bit for each");
    std::array<std::uint32_t, kFoldBatch> slots;
    std::size_t count = 0;
    for (; count < kFoldBatch; ++count) {
        slots[count] = retired_entries.Pop();
        if (slots[count] == kNoIndex) {
            break;
        }
        PrefetchEntry(entries[slots[count]]);
    }
    const std::uint64_t hazardous = Hazardous({slots.data(), count});
    for (std::size_t at = 0; at < count; ++at) {
        if ((hazardous >> at & 1) == 0) {
            entries[slots[at]].flags.fetch_or(kGoing, std::memory_order_relaxed);
        }
    }
    for (std::size_t at = 0; at < count; ++at) {
        if ((hazardous >> at & 1) != 0) {
            retired_entries.Push(slots[at]);
        } else {
            FoldSlot(slots[at]);
        }
    }
    gate.LeaveExclusive();
}

void StatementTable::RetireDropped() noexcept {
    for (std::uint32_t slot = 0; slot < entries.size(); ++slot) {
        const std::uint32_t tag = entries[slot].tag.load(std::memory_order_acquire);
        if (StateOf(tag) == EntryState::kLive && !tables_.IsCurrent(Get(entries[slot].table))) {
            Retire({slot, tag}, false);
        }
    }
}

// After a crash between the two steps the repair forgets what was at the index, which by then is no
// table's. What had come here by then stays.
void StatementTable::MoveLeftovers(std::uint32_t index, std::uint32_t dbid) noexcept {
    const std::uint32_t dropped = tables_.Find(TableDirectory::DroppedIn(dbid));
    const std::uint32_t into =
        dropped != kNoIndex ? TableDirectory::IndexOf(dropped) : kOtherTables;
    for (std::uint32_t place = 0; place < kTargetsPerTable; ++place) {
        Target target = TargetAt(place);
        target.table = index;
        Tally& from = leftovers[PlaceOf(target)];
        if (HasCounted(from)) {
            target.table = into;
            AddTallyTo(from, leftovers[PlaceOf(target)], octaves);
        }
        ClearTally(from, octaves);
    }
}

void StatementTable::ForgetEntry(std::uint32_t slot, const ResetScope& scope) noexcept {
    Entry& entry = entries[slot];
    const std::uint32_t tag = entry.tag.load(std::memory_order_acquire);
    const StatementKey key = KeyOf(entry);
    if (!scope.Picks(key.userid, key.dbid, key.queryid)) {
        return;
    }
    // Somebody may have retired it since the look, to be folded. The caller has the gate, so it was
    // not folded yet.
    const bool is_live = StateOf(tag) == EntryState::kLive;
    if (StateOf(tag) == EntryState::kRetired || (is_live && !Retire({slot, tag}, true))) {
        entry.flags.fetch_or(kDiscard, std::memory_order_relaxed);
    }
}

void StatementTable::Forget(const ResetScope& scope) noexcept {
    if (scope.queryid != 0) {
        chains.ForEach(scope.queryid, [&](std::uint32_t slot) { ForgetEntry(slot, scope); });
        return;
    }
    for (std::uint32_t slot = 0; slot < entries.size(); ++slot) {
        ForgetEntry(slot, scope);
    }
    for (std::uint32_t at = 0; scope.ClearsSums() && at < leftovers.size(); ++at) {
        if (scope.PicksDatabase(tables_.KeyOf(TargetAt(at).table).dbid)) {
            ClearTally(leftovers[at], octaves);
        }
    }
}

// Marks the octaves to which a tally refers, in their links. Drops one that is out of range or
// another tally's, and returns false then.
bool StatementTable::KeepOctaves(Tally& tally) noexcept {
    bool sound = true;
    for (HalfWord& reference : tally.octave) {
        const std::uint32_t index = Get(reference);
        if (index == 0) {
            continue;
        }
        if (index > octaves.size || Get(octaves.free.Link(index - 1)) != 0) {
            Put(reference, 0);
            sound = false;
        } else {
            Put(octaves.free.Link(index - 1), 1);
        }
    }
    return sound;
}

// An execution whose session was killed between its bucket and its call is counted after all. A
// tally that was being cleared is cleared.
bool StatementTable::MendTally(Tally& tally) noexcept {
    std::uint64_t placed = Get(tally.below) + Get(tally.above) + Get(tally.unplaced);
    for (const HalfWord& reference : tally.octave) {
        if (Get(reference) != 0) {
            for (const Word& count : octaves.octaves[Get(reference) - 1].count) {
                placed += Get(count);
            }
        }
    }
    const std::uint64_t executions = Get(tally.calls) + Get(tally.failed_calls);
    if (placed == executions) {
        return true;
    }
    if (placed > executions) {
        Add(tally.calls, placed - executions);
        return false;
    }
    for (HalfWord& reference : tally.octave) {
        if (Get(reference) != 0) {
            Put(octaves.free.Link(Get(reference) - 1), 0);
            Put(reference, 0);
        }
    }
    ClearTally(tally, octaves);
    return false;
}

// Marks the entry's stripes as KeepOctaves() marks octaves.
bool StatementTable::KeepStripes(Entry& entry) noexcept {
    const std::uint32_t set = Get(entry.stripes);
    if (set == 0) {
        return true;
    }
    if (set > stripes.size || Get(stripes.free.Link(set - 1)) != 0) {
        Put(entry.stripes, 0);
        return false;
    }
    Put(stripes.free.Link(set - 1), 1);
    return true;
}

// Returns how much of the entry had to be mended.
std::uint64_t StatementTable::RepairEntry(std::uint32_t slot) noexcept {
    Entry& entry = entries[slot];
    const EntryState state = StateOf(Get(entry.tag));
    if (state == EntryState::kFree) {
        return 0;
    }
    const bool half_folded = state == EntryState::kRetired && (Get(entry.flags) & kFolding) != 0;
    if (state == EntryState::kFilling || half_folded ||
        TableDirectory::IndexOf(Get(entry.table)) >= tables_.Size()) {
        // Its text and stripes are not marked either, so the repair frees them.
        ForgetOctaves(entry.counters.tally);
        ClearCounters(entry.counters, octaves);
        ForgetTexts(entry.history);
        ClearHistory(entry.history, details_);
        Put(entry.stripes, 0);
        Put(entry.text, 0);
        Put(entry.flags, 0);
        Put(entry.tag, Free(Get(entry.tag)));
        return 1;
    }
    std::uint64_t mended = KeepStripes(entry) ? 0 : 1;
    ForEachCounters(entry, [&](Counters& counters) {
        mended += KeepOctaves(counters.tally) ? 0 : 1;
        mended += MendTally(counters.tally) ? 0 : 1;
    });
    if (!texts_.Keep(Get(entry.text))) {
        Put(entry.text, 0);
        ++mended;
    }
    mended += MendHistory(entry.history, details_) ? 0 : 1;
    return mended;
}

void StatementTable::FreeOctaves() noexcept {
    for (std::uint32_t index = octaves.size; index-- > 0;) {
        if (Get(octaves.free.Link(index)) == 0) {
            for (Word& count : octaves.octaves[index].count) {
                Put(count, 0);
            }
            octaves.free.Push(index);
        }
    }
}

// FreeStripes() comes before FreeOctaves(): stripes to which nobody refers may not keep their
// octaves.
void StatementTable::FreeStripes() noexcept {
    for (std::uint32_t index = stripes.size; index-- > 0;) {
        if (Get(stripes.free.Link(index)) == 0) {
            for (Counters& counters : stripes.sets[index]) {
                ForgetOctaves(counters.tally);
                ClearCounters(counters, octaves);
            }
            stripes.free.Push(index);
        }
    }
}

void StatementTable::RelinkEntries() noexcept {
    for (auto slot = static_cast<std::uint32_t>(entries.size()); slot-- > 0;) {
        Entry& entry = entries[slot];
        const std::uint32_t tag = Get(entry.tag);
        switch (StateOf(tag)) {
            case EntryState::kLive:
                // Where a session died before SettleDuplicates(), an entry with the same key is
                // there already.
                Chain(slot);
                if (Find(KeyOf(entry)).IsValid() || !Publish(KeyOf(entry).Hash(), slot)) {
                    Retire({slot, tag}, false);
                }
                break;
            case EntryState::kRetired:
                entry.flags.fetch_and(~std::uint32_t{kGoing}, std::memory_order_relaxed);
                Chain(slot);
                retired_entries.Push(slot);
                break;
            default:
                free_entries.Push(slot);
        }
    }
}

void StatementTable::Format() noexcept {
    chains.Clear();
    for (auto index = static_cast<std::uint32_t>(entries.size()); index-- > 0;) {
        free_entries.Push(index);
    }
    for (std::uint32_t index = octaves.size; index-- > 0;) {
        octaves.free.Push(index);
    }
    for (std::uint32_t index = stripes.size; index-- > 0;) {
        stripes.free.Push(index);
    }
}

void StatementTable::BeginRepair() noexcept {
    for (Hazard& hazard : hazards) {
        Put(hazard.slot, 0);
    }
    for (Bucket& bucket : buckets) {
        for (Word& cell : bucket.cells) {
            Put(cell, 0);
        }
    }
    Put(shared->live, 0);
    chains.Clear();
    free_entries.Clear();
    retired_entries.Clear();
    octaves.free.Clear();
    for (std::uint32_t index = 0; index < octaves.size; ++index) {
        Put(octaves.free.Link(index), 0);
    }
    stripes.free.Clear();
    for (std::uint32_t index = 0; index < stripes.size; ++index) {
        Put(stripes.free.Link(index), 0);
    }
}

std::uint64_t StatementTable::Repair() noexcept {
    std::uint64_t mended = 0;
    for (std::uint32_t slot = 0; slot < entries.size(); ++slot) {
        mended += RepairEntry(slot);
    }
    for (std::uint32_t at = 0; at < leftovers.size(); ++at) {
        if (tables_.IsFreed(TargetAt(at).table)) {
            // Somebody died moving it.
            ForgetOctaves(leftovers[at]);
            ClearTally(leftovers[at], octaves);
        }
        mended += KeepOctaves(leftovers[at]) ? 0 : 1;
        mended += MendTally(leftovers[at]) ? 0 : 1;
    }
    return mended;
}

void StatementTable::EndRepair() noexcept {
    FreeStripes();
    FreeOctaves();
    RelinkEntries();
}

}  // namespace elile::core
