// Finding, making, adding to and taking away statements' entries. Nothing here waits.
//
// Look-up: a key's fingerprint lies in one of the 16 cells of two neighbouring buckets. Adding:
// the backend publishes the slot in its hazard, sees that the handle's tag still holds, adds, and
// withdraws the hazard. Taking away: an entry is retired (its tag changes, its cell empties) and
// later folded into its table's leftovers by whoever gets the gate's exclusive side, once no
// hazard names it. The two sequentially consistent steps (publish then look at the tag; change the
// tag then look at the hazards) make sure that one of the two sides sees the other (Michael, IEEE
// TPDS 15(6), 2004). So an execution is in its entry or in the leftovers, once.
#pragma once

#include <cstdint>
#include <span>

#include "core/segment.hpp"

namespace elile::core {

struct NewEntry {
    Target target;
    std::uint32_t text;  // the store takes over the reference
    std::uint64_t created_at_us;
};

class StatementStore {
public:
    StatementStore() = default;
    // `backend` is this process's number, below SegmentSizes::backends.
    StatementStore(const Segment& segment, std::uint32_t backend) noexcept
        : segment_(segment), hazard_(&segment.hazards[backend]), backend_(backend) {}

    Segment& Parts() noexcept { return segment_; }
    const Segment& Parts() const noexcept { return segment_; }

    // False between a crash and the end of the keeper's repair.
    bool IsReady() const noexcept {
        return Get(segment_.header->generation) == Get(segment_.header->repaired);
    }

    // Whether the handle's entry still is its statement's, as far as one look can tell.
    bool IsLive(const Handle& handle) const noexcept {
        return handle.IsValid() &&
               segment_.entries[handle.slot].tag.load(std::memory_order_acquire) == handle.tag;
    }
    // Brings near what AddExecution() will write, while the statement runs.
    void Expect(const Handle& handle) const noexcept {
        const Counters& counters = CountersFor(segment_.entries[handle.slot]);
        __builtin_prefetch(&counters.tally.calls, 1);
        __builtin_prefetch(&counters.tally.octave[kUsualOctave]);
        __builtin_prefetch(&counters.resources, 1);
    }
    // An invalid handle when the key is unknown.
    Handle Find(const StatementKey& key) const noexcept;
    // Finds or makes. An invalid handle when no entry was free, which is not counted here.
    Handle Insert(const StatementKey& key, const NewEntry& entry) noexcept;

    // False when the entry is gone: the caller makes it anew or adds to its leftovers.
    // `times` is above 1 for an execution that stands for others, which were not looked at.
    // `origin` is of one that succeeded, whose call comes before it: origins never make more than
    // there are calls.
    [[gnu::always_inline]] bool AddExecution(Handle handle, const Sample& sample,
                                             const ResourceUse& use, std::uint64_t times = 1,
                                             PlanOrigin origin = kOtherPlan) noexcept {
        Entry* entry = handle.IsValid() ? Protect(handle) : nullptr;
        if (entry == nullptr) [[unlikely]] {
            return false;
        }
        Counters& counters = CountersFor(*entry);
        use.AddTo(counters.resources, times);
        if (!AddSample(counters.tally, segment_.octaves, sample, times)) [[unlikely]] {
            NoteCollision(*entry);
        }
        if (origin != kOtherPlan) {
            counters.plans.calls_by_origin[origin].fetch_add(times, std::memory_order_release);
        }
        if (times != 1) [[unlikely]] {
            entry->flags.fetch_or(kEstimated, std::memory_order_relaxed);
        }
        Unprotect();
        return true;
    }
    bool AddPlanning(const Handle& handle, std::uint64_t duration_ns) noexcept;
    void AddLeftover(const Target& target, const Sample& sample) noexcept;

    // Visits the handle's entry while nobody may take it away. False when it is gone.
    template <typename Visit>
    bool WithEntry(const Handle& handle, Visit visit) noexcept {
        Entry* entry = handle.IsValid() ? Protect(handle) : nullptr;
        if (entry != nullptr) {
            visit(*entry);
            Unprotect();
        }
        return entry != nullptr;
    }

    // The entry's text with a reference for the caller; 0 when it is gone or has none.
    std::uint32_t TakeText(const Handle& handle) noexcept;

    // Folds some retired entries, if the gate lets it.
    void Fold() noexcept;

    // Forgets everything, or the entries that match: 0 matches all. Returns false, having done
    // nothing, while the gate is taken.
    bool TryReset(std::uint32_t userid, std::uint32_t dbid, std::uint64_t queryid,
                  std::uint64_t now_us) noexcept;

    // Mends what a crash left. Only the keeper, before it sets repaired to generation.
    void Repair() noexcept;

private:
    static constexpr std::size_t kFoldBatch = 32;

    // Visits the cells that a key may lie in until `visit` returns true.
    template <typename Visit>
    void ForEachCell(std::uint64_t hash, Visit visit) const noexcept;
    bool Matches(std::uint64_t cell, std::uint64_t hash, const StatementKey& key,
                 Handle* handle) const noexcept;
    std::uint32_t ClaimSlot() noexcept;
    void Fill(std::uint32_t slot, const StatementKey& key, const NewEntry& entry) noexcept;
    bool Publish(std::uint64_t hash, std::uint32_t slot) noexcept;
    Handle SettleDuplicates(const StatementKey& key, std::uint64_t hash) noexcept;
    bool Retire(const Handle& handle, bool discard) noexcept;
    std::uint32_t Weigh(Entry& entry) noexcept;
    void EvictSome() noexcept;
    void EvictFromBuckets(std::uint64_t hash) noexcept;
    std::uint64_t Hazardous(std::span<const std::uint32_t> slots) const noexcept;
    void FoldSlot(std::uint32_t slot) noexcept;
    void EmptySlot(std::uint32_t slot) noexcept;
    std::uint64_t ExecutionsOf(const Entry& entry) const noexcept;
    void NoteCollision(Entry& entry) noexcept;
    static constexpr int kUsualOctave = 4;  // of 16 to 32 us: what is slower does not mind
    Counters& CountersFor(Entry& entry) const noexcept {
        const std::uint32_t set = entry.stripes.load(std::memory_order_acquire);
        return set == 0 ? entry.counters : segment_.stripes.sets[set - 1][backend_ % kStripes];
    }
    // The handle's entry, which nobody folds until Unprotect(); null when it is gone.
    Entry* Protect(Handle handle) noexcept {
        Entry& entry = segment_.entries[handle.slot];
        hazard_->slot.store(handle.slot + 1, std::memory_order_seq_cst);
        if (entry.tag.load(std::memory_order_seq_cst) == handle.tag) [[likely]] {
            return &entry;
        }
        Unprotect();
        return nullptr;
    }
    void Unprotect() noexcept { hazard_->slot.store(0, std::memory_order_release); }

    // Parts of Repair().
    bool KeepOctaves(Tally& tally) noexcept;
    bool MendCalls(Tally& tally) noexcept;
    bool KeepStripes(Entry& entry) noexcept;
    std::uint64_t RepairEntry(std::uint32_t slot) noexcept;
    void RepairOctaves() noexcept;
    void RepairStripes() noexcept;
    void RelinkEntries() noexcept;

    Segment segment_;
    Hazard* hazard_ = nullptr;  // this process's
    std::uint32_t backend_ = 0;
};

}  // namespace elile::core
