// What the values of rows and keys tell of a pattern: which parameter changes, and that it is no
// loop.
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
