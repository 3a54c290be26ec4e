// The table has the patterns of "one statement, then another one for each of its rows" that
// sessions have found.
//
// A pattern is found by a hash of its identity, which stands for it. That two of a thousand have
// one hash is as unlikely as that memory fails. A sequence lock guards the identity. Its number
// also tells whether a pattern that a session found is still the one in its place.
#pragma once

#include <array>
#include <cstdint>

#include "core/n_plus_one/pattern.hpp"
#include "core/n_plus_one/suspects.hpp"
#include "core/shared/atomics.hpp"
#include "core/shared/sequence_lock.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"

namespace elile::core {

inline constexpr std::uint32_t kNPlusOnePatterns = 1024;
// A pattern that nobody has seen for so long gives way when the table is full.
inline constexpr std::uint64_t kNPlusOneLifeUs = UINT64_C(24) * 3600 * 1000 * 1000;
// So many application names are told apart. The others are one, with index 0 of their directory.
inline constexpr std::uint32_t kNPlusOneApplications = 64;
inline constexpr std::uint32_t kMaxSuggestionBytes = kMaxTextBytes;
// Each try costs the planning of both statements in somebody's session.
inline constexpr std::uint32_t kMostTries = 16;
inline constexpr std::uint32_t kTriesAtOnce = 3;
inline constexpr std::uint32_t kSuggestionBlocks = 4096;  // of kTextBlockBytes

// It lies in shared memory. Any process writes; all zero is free.
struct alignas(kCacheLine) NPlusOnePattern {
    using Sequence = SequenceLock<std::uint32_t>;

    Word key;           // hash of the identity; 0 was never used
    Sequence sequence;  // of the identity
    HalfWord database;
    HalfWord user;
    HalfWord application;
    Word parent;
    Word child;
    HalfWord table;  // the child's, in the table directory
    HalfWord evidence;
    // The pattern owns these references; 0 none.
    HalfWord parent_text;  // in the pool of texts
    HalfWord child_text;   // in the pool of texts
    HalfWord suggestion;   // in the pool of suggestions
    HalfWord tries;        // at a suggestion
    Word occurrences;      // 0: forgotten
    Word runs;             // of the child, in all occurrences
    Word total_ns;         // of these runs
    Word most_runs;        // in one occurrence that has ended
    Word first_seen_us;    // microseconds since 2000-01-01 UTC; 0 forgotten
    Word last_seen_us;
    Word logged_at_us;  // when the log last had a line on it; 0 never
    Word next_try_us;   // at a suggestion, not before
    Real cost_before;   // planner's units; of the parent and all its children
    Real cost_after;    // of what is suggested
    HalfWord by_rows;   // 1: an occurrence was proved by rows
    Word changing;      // parameters of the child that changed from run to run; 0 unknown
};
static_assert(sizeof(NPlusOnePattern) == 192);

class NPlusOneTable : public Part {
public:
    // It lies in shared memory; any process writes.
    struct Shared {
        Word dropped;   // occurrences whose pattern found no place
        Word given_up;  // patterns that nobody tries to suggest anything for any more
    };

    void Carve(Carver& carver, const SegmentSizes& sizes, const TextPool& texts,
               const TableDirectory& tables) noexcept;

    // Has the rows of this statement looked at, from its next execution on, in every session.
    void Suspect(std::uint64_t queryid) noexcept { Put(suspects_[queryid % kSuspects], queryid); }
    const Word* Suspects() const noexcept { return suspects_; }

    // Finds or makes the pattern. With `is_new` it has no texts yet. Returns an invalid handle when
    // the table is full, which is counted.
    NPlusOneHandle FindOrClaim(const NPlusOneKey& key, std::uint32_t table, std::uint64_t now_us,
                               bool* is_new) noexcept;

    // Those that follow do nothing when the pattern is no longer the handle's.
    void Count(NPlusOneHandle handle, std::uint64_t occurrences, std::uint64_t runs,
               std::uint64_t elapsed_ns, std::uint64_t now_us) noexcept;
    // Takes back an occurrence that turned out to be none.
    void TakeBack(NPlusOneHandle handle, std::uint64_t runs, std::uint64_t elapsed_ns) noexcept;
    // Notes that an occurrence has ended. Returns true when it is time for a line in the log.
    bool Close(NPlusOneHandle handle, std::uint64_t runs, std::uint64_t now_us) noexcept;
    // Notes how an occurrence was found.
    void NoteFound(NPlusOneHandle handle, bool by_rows) noexcept;
    // Rows have shown that the pattern is no loop. What was found of it by order alone is
    // forgotten.
    void Refute(const NPlusOneKey& key) noexcept;
    // Takes over the references, each of which may be 0.
    void SetTexts(NPlusOneHandle handle, std::uint32_t parent, std::uint32_t child) noexcept;
    // Returns true when the caller, and nobody else, shall try now to make the suggestion. The
    // first tries may follow each other, then each waits twice as long as the one before.
    bool TakeTry(NPlusOneHandle handle, std::uint64_t now_us) noexcept;
    bool HasNoTryLeft(NPlusOneHandle handle) const noexcept;
    // The caller's try led to nothing. A pattern whose last one it was is counted as given up.
    void NoteVainTry(NPlusOneHandle handle) noexcept;
    // Adds to the child's parameters that are known to change. A suggestion that knew less is
    // thrown away and is to be made anew: then it returns true.
    bool NoteChanging(NPlusOneHandle handle, std::uint64_t changing) noexcept;
    // Returns the parameters of a child that changed in the patterns of this user, in any
    // application; 0 unknown. Without a parent it is the child of any.
    std::uint64_t ChangingOf(const NPlusOneKey& key) const noexcept;
    // Returns false when there is a suggestion already, or one that knows more is needed.
    bool SetSuggestion(NPlusOneHandle handle, const NPlusOneSuggestion& suggestion) noexcept;

    // Adds to the pattern what was counted before a restart. Takes over the references of its
    // texts, which a pattern that is there already does not need.
    void Restore(const NPlusOneCopy& saved) noexcept;
    void RestoreLoops(std::uint32_t table, std::uint64_t loops) noexcept {
        Add(loops_[TableDirectory::IndexOf(table)], loops);
    }

    // Returns false when there is nothing to show at this index. Texts are the pattern's as long as
    // Holds() says so after they were read.
    bool Read(std::uint32_t index, NPlusOneCopy* copy) const noexcept;
    bool Holds(const NPlusOneCopy& copy) const noexcept;

    // Occurrences that have ended are counted by the child's table, for the metric, which outlives
    // patterns.
    void CountLoop(std::uint32_t table) noexcept;
    std::uint64_t LoopsOf(std::uint32_t index) const noexcept { return Get(loops_[index]); }
    // The table that had this index has lost it.
    void ForgetLoopsOf(std::uint32_t index) noexcept { Put(loops_[index], 0); }

    // The pool has the texts of suggestions, the directory the names of applications that have
    // patterns.
    TextPool& Suggestions() noexcept { return suggestions_; }
    const TextPool& Suggestions() const noexcept { return suggestions_; }
    TableDirectory& Applications() noexcept { return applications_; }
    const TableDirectory& Applications() const noexcept { return applications_; }

    std::uint64_t Dropped() const noexcept { return Get(shared_->dropped); }
    std::uint64_t GivenUp() const noexcept { return Get(shared_->given_up); }

    void Format() noexcept {
        suggestions_.Format();
        applications_.Format();
    }
    void BeginRepair() noexcept { suggestions_.BeginRepair(); }
    // Forgets what a dead session was writing, and keeps the texts of the others. Returns how many
    // patterns it forgot.
    std::uint64_t Repair() noexcept;
    void EndRepair() noexcept { suggestions_.EndRepair(); }
    void Forget(const ResetScope& scope) noexcept;

private:
    // Returns false when the place is free or forgotten, or was being written at each of several
    // looks.
    bool CopyOf(std::uint32_t index, NPlusOneCopy* copy) const noexcept;
    // Whoever writes an identity does so within a microsecond, unless it was stopped.
    static constexpr int kLooks = 1000;

    static std::uint64_t HashOf(const NPlusOneKey& key) noexcept;
    static bool IsForgotten(const NPlusOnePattern& pattern) noexcept;
    // Returns null when the pattern is no longer the handle's.
    NPlusOnePattern* Of(NPlusOneHandle handle) const noexcept;
    bool Lock(NPlusOneHandle handle) noexcept;
    void Clear(NPlusOnePattern& pattern) noexcept;
    // Returns false when somebody else has the place. The handle becomes that of the new pattern.
    bool Begin(NPlusOneHandle* handle, const NPlusOneKey& key, std::uint32_t table,
               std::uint64_t now_us) noexcept;
    // Returns the place that stays.
    NPlusOneHandle SettleDuplicates(NPlusOneHandle own, std::uint64_t hash) noexcept;
    bool PutText(NPlusOneHandle handle, HalfWord NPlusOnePattern::*place, TextPool& pool,
                 std::uint32_t text) noexcept;
    void DropSuggestion(NPlusOnePattern& pattern) noexcept;
    void ForgetOne(NPlusOneHandle handle) noexcept;

    Shared* shared_ = nullptr;
    NPlusOnePattern* patterns_ = nullptr;
    Word* loops_ = nullptr;
    Word* suspects_ = nullptr;  // queryid; 0 none. Any process
    TextPool texts_;
    TableDirectory tables_;
    TextPool suggestions_;
    TableDirectory applications_;  // index 0 for those without room
};

}  // namespace elile::core
