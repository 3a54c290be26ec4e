#include "core/n_plus_one/table.hpp"

#include "core/shared/hash.hpp"
#include "core/shared/seam.hpp"

namespace elile::core {
namespace {

using Sequence = NPlusOnePattern::Sequence;

}  // namespace

std::uint64_t NPlusOneTable::HashOf(const NPlusOneKey& key) noexcept {
    std::uint64_t hash = Mix(std::uint64_t{key.user} << 32 | key.database);
    for (const std::uint64_t word : {std::uint64_t{key.application}, key.parent, key.child}) {
        hash = Mix(hash ^ word);
    }
    return hash | 1;
}

bool NPlusOneTable::IsForgotten(const NPlusOnePattern& pattern) noexcept {
    return Get(pattern.first_seen_us) == 0;
}

void NPlusOneTable::Carve(Carver& carver, const SegmentSizes&, const TextPool& texts,
                          const TableDirectory& tables) noexcept {
    shared_ = carver.Take<Shared>();
    patterns_ = carver.Take<NPlusOnePattern>(kNPlusOnePatterns);
    loops_ = carver.Take<Word>(tables.Size());
    suspects_ = carver.Take<Word>(kSuspects);
    texts_ = texts;
    tables_ = tables;
    suggestions_.Carve(carver, kSuggestionBlocks, kMaxSuggestionBytes);
    applications_.Carve(carver, kNPlusOneApplications);
}

// Makes the pattern the caller's alone, until its sequence is even again.
bool NPlusOneTable::Lock(NPlusOneHandle handle) noexcept {
    return patterns_[handle.index].sequence.TryBegin(handle.sequence);
}

void NPlusOneTable::Clear(NPlusOnePattern& pattern) noexcept {
    texts_.Release(pattern.parent_text.exchange(0, std::memory_order_acq_rel));
    texts_.Release(pattern.child_text.exchange(0, std::memory_order_acq_rel));
    suggestions_.Release(pattern.suggestion.exchange(0, std::memory_order_acq_rel));
    for (Word* word :
         {&pattern.occurrences, &pattern.runs, &pattern.total_ns, &pattern.most_runs,
          &pattern.first_seen_us, &pattern.logged_at_us, &pattern.next_try_us, &pattern.changing}) {
        Put(*word, 0);
    }
    Put(pattern.evidence, 0);
    Put(pattern.tries, 0);
    Put(pattern.by_rows, 0);
}

bool NPlusOneTable::Begin(NPlusOneHandle* handle, const NPlusOneKey& key, std::uint32_t table,
                          std::uint64_t now_us) noexcept {
    if (!Lock(*handle)) {
        return false;
    }
    NPlusOnePattern& pattern = patterns_[handle->index];
    Clear(pattern);
    Put(pattern.key, HashOf(key));
    Put(pattern.database, key.database);
    Put(pattern.user, key.user);
    Put(pattern.application, key.application);
    Put(pattern.parent, key.parent);
    Put(pattern.child, key.child);
    Put(pattern.table, table);
    Put(pattern.first_seen_us, now_us);
    Put(pattern.last_seen_us, now_us);
    handle->sequence += 2;
    pattern.sequence.End(handle->sequence);
    return true;
}

// A place that was used never becomes free again, only another pattern's. So a search may end at
// the first free one.
NPlusOneHandle NPlusOneTable::FindOrClaim(const NPlusOneKey& key, std::uint32_t table,
                                          std::uint64_t now_us, bool* is_new) noexcept {
    const std::uint64_t hash = HashOf(key);
    NPlusOneHandle old;
    *is_new = false;
    for (std::uint32_t step = 0; step < kNPlusOnePatterns; ++step) {
        NPlusOneHandle handle{static_cast<std::uint32_t>((hash + step) % kNPlusOnePatterns), 0};
        const NPlusOnePattern& pattern = patterns_[handle.index];
        bool is_found = false;
        for (int look = 0; look < kLooks && !*is_new; ++look) {
            handle.sequence = pattern.sequence.Settled(kLooks);
            if (!Sequence::IsWhole(handle.sequence)) {
                break;
            }
            Pass(Seam::kPatternRead);
            const std::uint64_t seen = Get(pattern.key);
            if (seen == 0 || (seen == hash && IsForgotten(pattern))) {
                *is_new = Begin(&handle, key, table, now_us);
                continue;
            }
            // The key may be newer than the number.
            if (pattern.sequence.IsStill(handle.sequence)) {
                is_found = seen == hash;
                break;
            }
        }
        if (*is_new || is_found) {
            return handle;
        }
        // Somebody who was stopped is writing here, perhaps this very pattern, which must not have
        // two places.
        if (!Sequence::IsWhole(handle.sequence)) {
            Add(shared_->dropped, 1);
            return {};
        }
        const bool is_old =
            IsForgotten(pattern) || Get(pattern.last_seen_us) + kNPlusOneLifeUs < now_us;
        if (!old.IsValid() && is_old) {
            old = handle;
        }
    }
    if (!old.IsValid() || !Begin(&old, key, table, now_us)) {
        Add(shared_->dropped, 1);
        return {};
    }
    const NPlusOneHandle settled = SettleDuplicates(old, hash);
    *is_new = settled.index == old.index;
    return settled;
}

// Another session may have taken an old place for the same pattern after the search had passed it.
// Of two places the first on the way of the search stays. Each session looks after it has begun its
// own, so one of the two sees both. What was counted in the other is forgotten.
NPlusOneHandle NPlusOneTable::SettleDuplicates(NPlusOneHandle own, std::uint64_t hash) noexcept {
    NPlusOneHandle first;
    Fence(std::memory_order_seq_cst);
    for (std::uint32_t step = 0; step < kNPlusOnePatterns; ++step) {
        NPlusOneHandle handle{static_cast<std::uint32_t>((hash + step) % kNPlusOnePatterns), 0};
        const NPlusOnePattern& pattern = patterns_[handle.index];
        handle.sequence = pattern.sequence.Settled(kLooks);
        if (!Sequence::IsWhole(handle.sequence) || Get(pattern.key) != hash ||
            IsForgotten(pattern)) {
            continue;
        }
        if (first.IsValid()) {
            ForgetOne(handle);
        } else {
            first = handle;
        }
    }
    return first.IsValid() ? first : own;
}

NPlusOnePattern* NPlusOneTable::Of(NPlusOneHandle handle) const noexcept {
    if (!handle.IsValid()) {
        return nullptr;
    }
    NPlusOnePattern& pattern = patterns_[handle.index];
    return pattern.sequence.Seen() == handle.sequence ? &pattern : nullptr;
}

void NPlusOneTable::Count(NPlusOneHandle handle, std::uint64_t occurrences, std::uint64_t runs,
                          std::uint64_t elapsed_ns, std::uint64_t now_us) noexcept {
    NPlusOnePattern* pattern = Of(handle);
    if (pattern != nullptr) {
        Add(pattern->runs, runs);
        Add(pattern->total_ns, elapsed_ns);
        Put(pattern->last_seen_us, now_us);
        Add(pattern->occurrences, occurrences);
    }
}

void NPlusOneTable::TakeBack(NPlusOneHandle handle, std::uint64_t runs,
                             std::uint64_t elapsed_ns) noexcept {
    NPlusOnePattern* pattern = Of(handle);
    if (pattern != nullptr) {
        LowerBy(pattern->occurrences, 1);
        LowerBy(pattern->runs, runs);
        LowerBy(pattern->total_ns, elapsed_ns);
    }
}

bool NPlusOneTable::Close(NPlusOneHandle handle, std::uint64_t runs,
                          std::uint64_t now_us) noexcept {
    constexpr std::uint64_t kUsPerHour = UINT64_C(3600) * 1000 * 1000;
    NPlusOnePattern* pattern = Of(handle);
    if (pattern == nullptr) {
        return false;
    }
    RaiseTo(pattern->most_runs, runs);
    std::uint64_t logged = Get(pattern->logged_at_us);
    return (logged == 0 || logged + kUsPerHour <= now_us) &&
           pattern->logged_at_us.compare_exchange_strong(logged, now_us, std::memory_order_relaxed);
}

// The text's place is empty while a pattern is new. If the pattern went meanwhile, the text is
// taken out again, unless whoever has the place now has thrown it out already.
bool NPlusOneTable::PutText(NPlusOneHandle handle, HalfWord NPlusOnePattern::*place, TextPool& pool,
                            std::uint32_t text) noexcept {
    NPlusOnePattern* pattern = Of(handle);
    std::uint32_t none = 0;
    if (pattern == nullptr ||
        !(pattern->*place).compare_exchange_strong(none, text, std::memory_order_acq_rel)) {
        pool.Release(text);
        return false;
    }
    if (Of(handle) != nullptr) {
        return true;
    }
    if ((pattern->*place).compare_exchange_strong(text, 0, std::memory_order_acq_rel)) {
        pool.Release(text);
    }
    return false;
}

void NPlusOneTable::SetTexts(NPlusOneHandle handle, std::uint32_t parent,
                             std::uint32_t child) noexcept {
    PutText(handle, &NPlusOnePattern::parent_text, texts_, parent);
    PutText(handle, &NPlusOnePattern::child_text, texts_, child);
}

bool NPlusOneTable::TakeTry(NPlusOneHandle handle, std::uint64_t now_us) noexcept {
    constexpr std::uint64_t kFirstWaitUs = 1000 * 1000;
    NPlusOnePattern* pattern = Of(handle);
    if (pattern == nullptr || Get(pattern->suggestion) != 0) {
        return false;
    }
    std::uint32_t tries = Get(pattern->tries);
    if (tries >= kMostTries || now_us < Get(pattern->next_try_us) ||
        !pattern->tries.compare_exchange_strong(tries, tries + 1, std::memory_order_relaxed)) {
        return false;
    }
    if (tries + 1 >= kTriesAtOnce) {
        Put(pattern->next_try_us, now_us + (kFirstWaitUs << (tries + 1 - kTriesAtOnce)));
    }
    return true;
}

bool NPlusOneTable::HasNoTryLeft(NPlusOneHandle handle) const noexcept {
    const NPlusOnePattern* pattern = Of(handle);
    return pattern != nullptr && Get(pattern->suggestion) == 0 && Get(pattern->tries) >= kMostTries;
}

bool NPlusOneTable::SetSuggestion(NPlusOneHandle handle,
                                  const NPlusOneSuggestion& suggestion) noexcept {
    NPlusOnePattern* pattern = Of(handle);
    if (!PutText(handle, &NPlusOnePattern::suggestion, suggestions_, suggestion.text)) {
        return false;
    }
    // Somebody else may have learnt more meanwhile.
    if ((Get(pattern->changing) & ~suggestion.changing) != 0) {
        DropSuggestion(*pattern);
        return false;
    }
    pattern->cost_before.store(suggestion.cost_before, std::memory_order_relaxed);
    pattern->cost_after.store(suggestion.cost_after, std::memory_order_relaxed);
    Put(pattern->evidence, static_cast<std::uint32_t>(suggestion.evidence));
    return true;
}

bool NPlusOneTable::Read(std::uint32_t index, NPlusOneCopy* copy) const noexcept {
    return CopyOf(index, copy) && copy->occurrences != 0;
}

bool NPlusOneTable::CopyOf(std::uint32_t index, NPlusOneCopy* copy) const noexcept {
    const NPlusOnePattern& pattern = patterns_[index];
    copy->handle = {index, pattern.sequence.Settled(kLooks)};
    copy->key = {Get(pattern.database), Get(pattern.user), Get(pattern.application),
                 Get(pattern.parent), Get(pattern.child)};
    copy->table = Get(pattern.table);
    copy->evidence = static_cast<Evidence>(Get(pattern.evidence));
    // PutText() releases the text's blocks with its number.
    copy->parent_text = pattern.parent_text.load(std::memory_order_acquire);
    copy->child_text = pattern.child_text.load(std::memory_order_acquire);
    copy->suggestion = pattern.suggestion.load(std::memory_order_acquire);
    copy->changing = Get(pattern.changing);
    copy->occurrences = Get(pattern.occurrences);
    copy->runs = Get(pattern.runs);
    copy->total_ns = Get(pattern.total_ns);
    copy->most_runs = Get(pattern.most_runs);
    copy->first_seen_us = Get(pattern.first_seen_us);
    copy->last_seen_us = Get(pattern.last_seen_us);
    copy->cost_before = pattern.cost_before.load(std::memory_order_relaxed);
    copy->cost_after = pattern.cost_after.load(std::memory_order_relaxed);
    return Sequence::IsWhole(copy->handle.sequence) && Holds(*copy) && copy->first_seen_us != 0;
}

// A suggestion may go before its pattern does.
bool NPlusOneTable::Holds(const NPlusOneCopy& copy) const noexcept {
    const NPlusOnePattern& pattern = patterns_[copy.handle.index];
    return pattern.sequence.IsStill(copy.handle.sequence) &&
           (copy.suggestion == 0 || Get(pattern.suggestion) == copy.suggestion);
}

void NPlusOneTable::ForgetOne(NPlusOneHandle handle) noexcept {
    if (Lock(handle)) {
        Clear(patterns_[handle.index]);
        patterns_[handle.index].sequence.End(handle.sequence + 2);
    }
}

// Where the table loses its place meanwhile, the loop is taken back: the next table's may not have
// it.
void NPlusOneTable::CountLoop(std::uint32_t table) noexcept {
    if (tables_.IsCurrent(table)) {
        Word& loops = loops_[TableDirectory::IndexOf(table)];
        loops.fetch_add(1, std::memory_order_seq_cst);
        if (!tables_.IsCurrent(table)) {
            LowerBy(loops, 1);
        }
    }
}

void NPlusOneTable::NoteVainTry(NPlusOneHandle handle) noexcept {
    Add(shared_->given_up, HasNoTryLeft(handle) ? 1 : 0);
}

void NPlusOneTable::Forget(const ResetScope& scope) noexcept {
    NPlusOneCopy copy;
    for (std::uint32_t index = 0; index < kNPlusOnePatterns; ++index) {
        if (CopyOf(index, &copy) &&
            (scope.Picks(copy.key.user, copy.key.database, copy.key.parent) ||
             scope.Picks(copy.key.user, copy.key.database, copy.key.child))) {
            ForgetOne(copy.handle);
        }
    }
    for (std::uint32_t table = 0; scope.ClearsSums() && table < tables_.Size(); ++table) {
        if (scope.PicksDatabase(tables_.KeyOf(table).dbid)) {
            Put(loops_[table], 0);
        }
    }
}

std::uint64_t NPlusOneTable::Repair() noexcept {
    std::uint64_t forgotten = 0;
    for (std::uint32_t index = 0; index < kNPlusOnePatterns; ++index) {
        NPlusOnePattern& pattern = patterns_[index];
        const bool half_written = pattern.sequence.Mend();
        if (half_written) {
            Put(pattern.first_seen_us, 0);
            ++forgotten;
        }
        const auto keep = [half_written](HalfWord& text, TextPool& pool) {
            if (half_written || !pool.Keep(Get(text))) {
                Put(text, 0);
            }
        };
        keep(pattern.parent_text, texts_);
        keep(pattern.child_text, texts_);
        keep(pattern.suggestion, suggestions_);
    }
    for (std::uint32_t index = 0; index < tables_.Size(); ++index) {
        if (tables_.IsFreed(index)) {
            Put(loops_[index], 0);
        }
    }
    applications_.Repair();
    return forgotten;
}

}  // namespace elile::core
