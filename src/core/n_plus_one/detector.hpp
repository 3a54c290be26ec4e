// Finds, in one session, a SELECT that returned n rows and another one that then ran for many of
// them: at least `threshold` times, with changing parameters, no more often than there were rows.
//
// Statements that ran since the last break form a tree. Its root is the SELECT that returned enough
// rows; whatever SELECT comes first after another one is taken for its child. Which of several
// loops nested in each other a child belongs to shows later, and then it moves:
//   - it ran at most once each time that its parent did: it is the parent's sibling;
//   - it ran twice or more since its elder sibling did, which had rows for it: it is its child;
//   - it ran more often than its parent had rows: it belongs to a loop further out, or to one that
//     follows it, or to none.
//
// A loop does the same for each row, so between two runs of its child come the kinds of statements
// that came between the first two. Where others keep coming, an application asks for this and that.
//
// Plain data of one session, of a fixed size.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/n_plus_one/table.hpp"
#include "core/statements/statement.hpp"

namespace elile::core {

// A statement at top level that has ended.
struct EndedRun {
    std::uint64_t queryid = 0;
    Handle statement = {};
    std::uint32_t table = 0;  // in the table directory
    bool is_select = false;
    bool may_belong = false;  // to a pattern, as parent or child
    std::uint64_t rows = 0;
    std::uint64_t elapsed_ns = 0;
    std::uint64_t began_ns = 0;  // monotonic
    std::uint64_t values = 0;    // hash of its parameters and literals
    std::uint64_t lists = 0;     // hash of the lists among them; 0 none. Only where it is asked for
};

// What a run or a break means for a pattern.
struct NPlusOneChange {
    enum class Kind { kFound, kRun, kTakenBack, kEnded };
    Kind kind;
    std::uint32_t child;       // where SetPattern() wants a found one's handle
    NPlusOneHandle pattern;    // as SetPattern() left it
    std::uint64_t runs;        // of the occurrence so far; with kRun 1
    std::uint64_t elapsed_ns;  // of these runs
    std::uint32_t table;       // the child's
};

class NPlusOneDetector {
public:
    using Changes = std::span<const NPlusOneChange>;

    // Whether anything but a SELECT with many rows is of interest.
    bool IsFollowing() const noexcept { return size_ != 0; }
    // Whether the next run of this statement needs `lists`.
    bool AsksForLists(std::uint64_t queryid, std::uint64_t threshold) const noexcept;

    // The changes are good until the next call. threshold is 2 or more.
    Changes Saw(const EndedRun& run, std::uint64_t threshold) noexcept;
    // BEGIN, COMMIT, ROLLBACK, the session's end and the like.
    Changes Break() noexcept;

    struct Statement {
        std::uint64_t queryid;
        Handle handle;
        std::uint32_t table;
    };
    // Of a child of which a change tells.
    const Statement& ChildOf(const NPlusOneChange& change) const noexcept {
        return nodes_[change.child].statement;
    }
    const Statement& ParentOf(const NPlusOneChange& change) const noexcept {
        return nodes_[nodes_[change.child].parent].statement;
    }
    // How many rows its parent has returned so far.
    std::uint64_t RowsOf(const NPlusOneChange& change) const noexcept {
        return nodes_[nodes_[change.child].parent].rows;
    }
    void SetPattern(const NPlusOneChange& change, NPlusOneHandle pattern) noexcept {
        nodes_[change.child].pattern = pattern;
    }

private:
    static constexpr std::uint32_t kNodes = 16;
    static constexpr std::uint32_t kNone = UINT32_MAX;

    // Kinds of statements, by a hash of queryid; two kinds may share a bit.
    using Kinds = std::uint64_t;
    static constexpr std::uint32_t kKinds = 64;

    // What came between two runs of a statement.
    struct Gaps {
        Kinds known;            // in any gap
        std::uint64_t gaps;     //
        std::uint64_t came;     // sum over the gaps of the kinds in it
        std::uint64_t awaited;  // sum over the gaps of the kinds known by then
    };

    enum class State : std::uint8_t {
        kOpen,   // it may still turn out to be a loop's child
        kFound,  // it is the child of a pattern that was reported
        kOut     // it belongs to no pattern, and stays so until its place is given away
    };

    struct Node {
        Statement statement;
        std::uint32_t parent;        // kNone: the root
        std::uint32_t elder;         // what it was once taken for a child of, or kNone
        std::uint64_t values;        // of the last run
        std::uint64_t lists;         // of the last run that was asked for them
        std::uint64_t runs;          // with changed parameters
        std::uint64_t elapsed_ns;    // of these runs
        std::uint64_t rows;          // that these runs returned
        std::uint64_t last_rows;     // that the last one returned
        std::uint64_t runs_in_turn;  // since the last run of its parent
        std::uint64_t runs_in_elders_turn;
        std::uint64_t ran_at;  // the last run, by statements_
        // Those in which its parent did not run, and those in which it did.
        std::array<Gaps, 2> gaps;
        std::uint32_t strangers;  // kinds that did not come in the first of these gaps
        State state;
        NPlusOneHandle pattern;
    };

    bool IsUsed(std::uint32_t at) const noexcept { return nodes_[at].statement.queryid != 0; }
    // Two runs are always in one turn of some parent: BeginTurn() moves what ran once in a turn.
    static bool IsLoop(const Node& node) noexcept { return node.runs > 1; }
    std::uint32_t Find(std::uint64_t queryid) const noexcept;
    bool HasChildren(std::uint32_t at) const noexcept;
    bool IsWithin(std::uint32_t at, std::uint32_t ancestor) const noexcept;
    std::uint32_t Place() noexcept;
    void Fill(std::uint32_t at, const EndedRun& run, std::uint32_t parent) noexcept;
    void Append(const EndedRun& run, std::uint64_t threshold) noexcept;
    void Repeat(std::uint32_t at, const EndedRun& run, std::uint64_t threshold) noexcept;
    Kinds SinceRunOf(std::uint32_t at) const noexcept;
    bool GoesOnAsBefore(std::uint32_t at, std::uint64_t threshold) noexcept;
    void FindItsPlace(std::uint32_t at, bool may_belong) noexcept;
    std::uint32_t ParentThatFits(const Node& node) const noexcept;
    void TakeBack(std::uint32_t at) noexcept;
    void Move(std::uint32_t at, std::uint32_t parent) noexcept;
    void BeginTurn(std::uint32_t at) noexcept;
    void TakeOutOneRun(std::uint32_t at, const EndedRun& run) noexcept;
    void MakeRoot(std::uint32_t at) noexcept;
    void Report(NPlusOneChange::Kind kind, std::uint32_t at, std::uint64_t runs,
                std::uint64_t elapsed_ns) noexcept;
    void End(std::uint32_t at) noexcept;
    void EndAll() noexcept;
    void PassOver() noexcept;

    std::array<Node, kNodes> nodes_{};
    std::array<std::uint64_t, kKinds> came_at_{};  // of each kind the last one, by statements_
    std::uint64_t statements_ = 0;                 // that were seen while there was a root
    std::uint32_t size_ = 0;                       // places that were used
    std::uint32_t root_ = 0;
    std::uint32_t last_ = 0;       // what ran last
    std::uint32_t rival_ = kNone;  // a SELECT with many rows that came when the loop was under way
    std::uint32_t between_ = 0;    // statements since the last run that was part of a loop
    std::uint64_t ended_ns_ = 0;   // of the last statement; monotonic
    std::array<NPlusOneChange, 2 * kNodes> changes_{};
    std::uint32_t change_count_ = 0;
};

}  // namespace elile::core
