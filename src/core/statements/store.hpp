// A process reaches the entries of statements by its store, which adds under a hazard of its own.
#pragma once

#include <cstdint>

#include "core/segment.hpp"
#include "core/statements/table.hpp"

namespace elile::core {

class StatementStore {
public:
    StatementStore() = default;
    // `backend` is this process's number, below SegmentSizes::backends.
    StatementStore(const Segment& segment, std::uint32_t backend) noexcept;

    // Returns false between a crash and the end of the keeper's repair.
    bool IsReady() const noexcept { return header_->IsReady(); }

    // Tells whether the handle's entry still is its statement's, as far as one look can tell.
    bool IsLive(const Handle& handle) const noexcept {
        return handle.IsValid() &&
               table_.entries[handle.slot].tag.load(std::memory_order_acquire) == handle.tag;
    }
    // Fetches into the cache what AddExecution() will write, while the statement runs.
    void Expect(const Handle& handle) const noexcept {
        const Counters& counters = CountersFor(table_.entries[handle.slot]);
        __builtin_prefetch(&counters.tally.calls, 1);
        __builtin_prefetch(&counters.tally.octave[kUsualOctave]);
        __builtin_prefetch(&counters.resources, 1);
    }
    // Returns an invalid handle when the key is unknown.
    Handle Find(const StatementKey& key) const noexcept { return table_.Find(key); }
    // Finds or makes the entry. Returns an invalid handle when none was free, which is not counted
    // here.
    Handle Insert(const StatementKey& key, const NewEntry& entry) noexcept;

    // Returns false when the entry is gone: the caller makes it anew or adds to its leftovers.
    // `times` is above 1 for an execution that stands for others, which were not looked at.
    // `origin` is given for one that succeeded. It is added after the call, so that origins never
    // make more than there are calls.
    [[gnu::always_inline]] bool AddExecution(Handle handle, const FinishedRun& run,
                                             const ResourceUse& use, std::uint64_t times = 1,
                                             PlanOrigin origin = kOtherPlan) noexcept {
        Entry* entry = handle.IsValid() ? Protect(handle) : nullptr;
        if (entry == nullptr) [[unlikely]] {
            return false;
        }
        Counters& counters = CountersFor(*entry);
        use.AddTo(counters.resources, times);
        if (!AddRun(counters.tally, table_.octaves, run, times)) [[unlikely]] {
            table_.NoteCollision(*entry);
        }
        if (origin != kOtherPlan) {
            // Releases the call to who reads origins first.
            counters.plans.calls_by_origin[origin].fetch_add(times, std::memory_order_release);
        }
        if (times != 1) [[unlikely]] {
            entry->flags.fetch_or(kEstimated, std::memory_order_relaxed);
        }
        Unprotect();
        return true;
    }
    bool AddPlanning(const Handle& handle, std::uint64_t duration_ns,
                     const ResourceUse& use) noexcept;
    // Adds an execution in this database that has no entry.
    void AddLeftover(const Target& target, const FinishedRun& run, std::uint32_t dbid = 0) noexcept;
    // Visits what evicted statements left at the target, to add to it.
    template <typename Visit>
    void WithLeftover(const Target& target, std::uint32_t dbid, Visit visit) noexcept {
        // Folding may go on beside us: it only adds too. A reset, microseconds long, would leave
        // what is added half counted, or count it in an octave that is another tally's by then. The
        // process that resets may have been stopped, so the tries are bounded. What is added is
        // then forgotten as what was before it, and counted as not ready.
        constexpr int kTries = 1000;
        Gate& gate = table_.shared->gate;
        for (int attempt = 0; attempt < kTries; ++attempt) {
            if (gate.TryAdding()) {
                visit(table_.leftovers[table_.PlaceFor(target, dbid)]);
                gate.LeaveShared();
                return;
            }
        }
        CountNotReady();
    }
    // Counts an execution that is in no figure, for nobody may write before the repair has ended.
    void CountNotReady() noexcept { Add(table_.shared->not_ready, 1); }
    // Counts one that is in its table's figures only, for no entry was free.
    void CountDropped() noexcept { Add(table_.shared->dropped, 1); }

    // Visits the handle's entry while nobody may take it away. Returns false when it is gone.
    template <typename Visit>
    bool WithEntry(const Handle& handle, Visit visit) noexcept {
        Entry* entry = handle.IsValid() ? Protect(handle) : nullptr;
        if (entry != nullptr) {
            visit(*entry);
            Unprotect();
        }
        return entry != nullptr;
    }

    // Returns the entry's text with a reference for the caller, or 0 when the entry is gone or has
    // none.
    std::uint32_t TakeText(const Handle& handle) noexcept;

    // Returns whose statement the entry is, as far as one look can tell.
    StatementOrigin OriginOf(const Handle& handle) const noexcept {
        return StatementOriginOf(table_.entries[handle.slot]);
    }
    // Returns what the entry counts for, as far as one look can tell.
    Target TargetOf(const Handle& handle) const noexcept {
        return core::TargetOf(table_.entries[handle.slot]);
    }
    // Returns the identifier that the entry shows, as far as one look can tell.
    std::uint64_t QueryIdOf(const Handle& handle) const noexcept {
        return Get(table_.entries[handle.slot].queryid);
    }

private:
    static constexpr int kUsualOctave = 4;  // of 16 to 32 us: what is slower does not mind

    Counters& CountersFor(Entry& entry) const noexcept {
        const std::uint32_t set = entry.stripes.load(std::memory_order_acquire);
        return set == 0 ? entry.counters : table_.stripes.sets[set - 1][backend_ % kStripes];
    }
    // Returns the handle's entry, which nobody folds until Unprotect(), or null when it is gone.
    Entry* Protect(Handle handle) noexcept {
        Entry& entry = table_.entries[handle.slot];
        hazard_->slot.store(handle.slot + 1, std::memory_order_seq_cst);
        if (entry.tag.load(std::memory_order_seq_cst) == handle.tag) [[likely]] {
            return &entry;
        }
        Unprotect();
        return nullptr;
    }
    // Releases what was added to Hazardous(), which then sees no hazard.
    void Unprotect() noexcept { hazard_->slot.store(0, std::memory_order_release); }

    SegmentHeader* header_ = nullptr;
    StatementTable table_;
    TextPool texts_;
    Hazard* hazard_ = nullptr;  // this process's
    std::uint32_t backend_ = 0;
};

}  // namespace elile::core
