// What the values of rows and keys tell of a pattern: which parameter changes, and that it is no
// loop.
#include <algorithm>

#include "core/n_plus_one/table.hpp"

namespace elile::core {

void NPlusOneTable::DropSuggestion(NPlusOnePattern& pattern) noexcept {
    Put(pattern.evidence, 0);
    Put(pattern.tries, 0);
    Put(pattern.next_try_us, 0);
    suggestions_.Release(pattern.suggestion.exchange(0, std::memory_order_acq_rel));
}

bool NPlusOneTable::NoteChanging(NPlusOneHandle handle, std::uint64_t changing) noexcept {
    NPlusOnePattern* pattern = Of(handle);
    if (pattern == nullptr || (changing & ~Get(pattern->changing)) == 0) {
        return false;
    }
    pattern->changing.fetch_or(changing, std::memory_order_acq_rel);
    DropSuggestion(*pattern);
    return true;
}

void NPlusOneTable::NoteFound(NPlusOneHandle handle, bool by_rows) noexcept {
    NPlusOnePattern* pattern = Of(handle);
    if (pattern != nullptr && by_rows) {
        Put(pattern->by_rows, 1);
    }
}

void NPlusOneTable::Refute(const NPlusOneKey& key) noexcept {
    const std::uint64_t hash = HashOf(key);
    for (std::uint32_t step = 0; step < kNPlusOnePatterns; ++step) {
        NPlusOneHandle handle{static_cast<std::uint32_t>((hash + step) % kNPlusOnePatterns), 0};
        const NPlusOnePattern& pattern = patterns_[handle.index];
        handle.sequence = pattern.sequence.Settled(kLooks);
        const std::uint64_t seen = Get(pattern.key);
        if (seen == 0 || !NPlusOnePattern::Sequence::IsWhole(handle.sequence)) {
            return;
        }
        if (seen == hash && !IsForgotten(pattern) && Get(pattern.by_rows) == 0) {
            ForgetOne(handle);
        }
    }
}

// What is known to change comes before the suggestion, which it would throw away.
void NPlusOneTable::Restore(const NPlusOneCopy& saved) noexcept {
    bool is_new = false;
    const NPlusOneHandle handle = FindOrClaim(saved.key, saved.table, saved.last_seen_us, &is_new);
    const NPlusOnePattern* seen = Of(handle);
    const std::uint64_t last_seen_us = seen != nullptr ? Get(seen->last_seen_us) : 0;
    NoteChanging(handle, saved.changing);
    SetTexts(handle, saved.parent_text, saved.child_text);
    if (saved.suggestion != 0) {
        SetSuggestion(handle, {saved.suggestion, saved.evidence, saved.cost_before,
                               saved.cost_after, saved.changing});
    }
    Count(handle, saved.occurrences, saved.runs, saved.total_ns,
          std::max(last_seen_us, saved.last_seen_us));
    if (NPlusOnePattern* pattern = Of(handle); pattern != nullptr) {
        std::uint64_t first = Get(pattern->first_seen_us);
        RaiseTo(pattern->most_runs, saved.most_runs);
        if (first > saved.first_seen_us) {
            pattern->first_seen_us.compare_exchange_strong(first, saved.first_seen_us,
                                                           std::memory_order_relaxed);
        }
    }
}

std::uint64_t NPlusOneTable::ChangingOf(const NPlusOneKey& key) const noexcept {
    std::uint64_t changing = 0;
    NPlusOneCopy copy;
    for (std::uint32_t index = 0; index < kNPlusOnePatterns; ++index) {
        if (Get(patterns_[index].child) == key.child && Read(index, &copy) &&
            copy.key.child == key.child && copy.key.database == key.database &&
            copy.key.user == key.user && (key.parent == 0 || copy.key.parent == key.parent)) {
            changing |= copy.changing;
        }
    }
    return changing;
}

}  // namespace elile::core
