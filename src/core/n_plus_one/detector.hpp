// The detector finds, in one session, a SELECT that returned n rows and another one that then ran
// for many of them. The second ran at least `threshold` times, with changing parameters, and no
// more often than there were rows.
//
// Statements that ran since the last break form a tree. Its root is the SELECT that returned enough
// rows. A SELECT that comes for the first time is taken for the child of the last one that returned
// rows. A statement's turn goes from one of its runs to the next. To which of several nested loops
// a child belongs shows only as turns go by, and then it moves:
//   - It ran at most once in each turn of its parent: it becomes the parent's sibling.
//   - It ran twice or more in a turn of its elder sibling, which had rows for it: it becomes the
//     elder's child.
//   - It ran more often than its parent had rows: it belongs to a loop further out, to one that
//     follows, or to none.
//
// A loop does the same for each row. So between two runs of its child come the kinds of statements
// that came between the first two. Where others keep coming, an application asks for this and that.
//
// A trace with threshold 3, where A returns four rows and B is asked for each of them:
//   A       it has rows enough          the tree is A
//   B(1)    it is new and follows A     A -> B, 1 run, kOpen
//   B(2)    A has a row for it, too     A -> B, 2 runs, kOpen
//   B(3)    it ran `threshold` times    A -> B, 3 runs, kFound     kFound is reported, with 3 runs
//   B(4)    the loop goes on            A -> B, 4 runs, kFound     kRun is reported, with 1 run
//   COMMIT  it breaks all loops         no tree                    kEnded is reported, with 4 runs
//
// Order alone takes other things for loops. So the rows of a statement that may be a parent are
// looked at, from the next time on that it runs. Then a run counts whose key is in these rows, or
// in those of another loop's child, and no other run does. Whose rows were not seen is judged by
// order.
//
// A transaction's end breaks a loop that is inside of it. A loop may also send each of its
// statements in a transaction of its own.
//
// It is plain data of one session, of a fixed size.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/n_plus_one/key_trace.hpp"
#include "core/n_plus_one/pattern.hpp"
#include "core/n_plus_one/row_values.hpp"
#include "core/n_plus_one/run_values.hpp"
#include "core/statements/statement.hpp"

namespace elile::core {

// This is a statement at top level that has ended.
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
    RunValues each = {};         // its parameters, and literals where they are asked for
    bool has_limit = false;      // only where literals are asked for
    bool rows_seen = false;      // its rows went to Rows()
};

// A change is what a run or a break means for a pattern.
struct NPlusOneChange {
    // A refuted one was judged by its rows, and is no loop.
    enum class Kind { kFound, kRun, kTakenBack, kEnded, kRefuted };
    Kind kind;
    std::uint32_t child;       // where SetPattern() wants a found one's handle
    NPlusOneHandle pattern;    // as SetPattern() left it
    std::uint64_t runs;        // of the occurrence so far; with kRun 1
    std::uint64_t elapsed_ns;  // of these runs
    std::uint32_t table;       // the child's
    bool by_rows;              // the keys were seen in rows
};

class NPlusOneDetector {
public:
    using Changes = std::span<const NPlusOneChange>;

    // Tells whether there is a tree. Without one only a SELECT with many rows is of interest.
    bool IsFollowing() const noexcept { return size_ != 0; }
    // Tells whether the next run of this statement needs `lists`.
    bool AsksForLists(std::uint64_t queryid, std::uint64_t threshold) const noexcept;

    // Tells whether the next run of this statement needs the values of its literals.
    bool AsksForLiterals(std::uint64_t queryid, std::uint64_t threshold) const noexcept;

    // To be called before a statement runs whose rows are looked at. Returns its place in
    // Rows().
    RowValues::Place BeginRows(std::uint64_t queryid, std::uint32_t columns) noexcept;
    RowValues& Rows() noexcept { return rows_; }

    // The changes are good until the next call. `threshold` is 2 or more.
    Changes Saw(const EndedRun& run, std::uint64_t threshold) noexcept;
    // To be called where a transaction begins or ends.
    Changes EndTransaction() noexcept;
    // The session's end and DISCARD ALL break all loops.
    Changes Break() noexcept;

    // Returns the statements whose rows should be looked at when they run again, by what the last
    // call saw.
    std::span<const std::uint64_t> Suspects() const noexcept {
        return {suspects_.data(), suspect_count_};
    }

    struct Statement {
        std::uint64_t queryid;
        Handle handle;
        std::uint32_t table;
    };
    // These are the statements of the child of which a change tells, and of its parent.
    const Statement& ChildOf(const NPlusOneChange& change) const noexcept {
        return nodes_[change.child].statement;
    }
    const Statement& ParentOf(const NPlusOneChange& change) const noexcept {
        return nodes_[nodes_[change.child].parent].statement;
    }
    // Returns how many rows the child's parent has returned so far.
    std::uint64_t RowsOf(const NPlusOneChange& change) const noexcept {
        return nodes_[nodes_[change.child].parent].rows;
    }
    // Returns the child's parameters that change, as BitOfParameter().
    std::uint64_t ChangingOf(const NPlusOneChange& change) const noexcept {
        return nodes_[change.child].trace.Changing();
    }
    void SetPattern(const NPlusOneChange& change, NPlusOneHandle pattern) noexcept {
        nodes_[change.child].pattern = pattern;
    }

private:
    static constexpr std::uint32_t kNodes = 16;
    static constexpr std::uint32_t kNone = UINT32_MAX;

    // This is a set of kinds of statements, by a hash of queryid. Two kinds may share a bit.
    using Kinds = std::uint64_t;
    static constexpr std::uint32_t kKinds = 64;

    // Gaps tell what came between two runs of a statement.
    struct Gaps {
        Kinds known;            // in any gap
        std::uint64_t gaps;     // how many
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
        std::uint32_t elder;         // a former parent, which may be the right one; or kNone
        std::uint64_t values;        // of the last run
        std::uint64_t lists;         // of the last run that was asked for them
        std::uint64_t runs;          // without those whose keys come from elsewhere
        std::uint64_t changes;       // of these runs, those with other parameters than the last
        std::uint64_t alike;         // the last runs, with the same parameters
        std::uint64_t misses;        // runs whose keys come from elsewhere
        std::uint64_t elapsed_ns;    // of these runs
        std::uint64_t rows;          // that these runs returned
        std::uint64_t last_rows;     // that the last one returned
        std::uint64_t runs_in_turn;  // since the last run of its parent
        std::uint64_t runs_in_elders_turn;
        std::uint64_t ran_at;  // the last run, by statements_
        // The first are the gaps in which its parent did not run, the second those in which it did.
        std::array<Gaps, 2> gaps;
        std::uint32_t strangers;    // kinds that did not come in the first of these gaps
        std::uint64_t transaction;  // of the last run, by transactions_
        bool by_transaction;        // each run is in another transaction
        bool is_refuted;            // it had runs enough, and keys from elsewhere
        bool by_rows;
        KeyTrace trace;
        State state;
        NPlusOneHandle pattern;
    };

    bool IsUsed(std::uint32_t at) const noexcept { return nodes_[at].statement.queryid != 0; }
    // A statement that ran twice did so in one turn of some parent: BeginTurn() moves one that ran
    // once in a turn.
    static bool IsLoop(const Node& node) noexcept { return node.runs > 1; }
    std::uint32_t Find(std::uint64_t queryid) const noexcept;
    bool HasChildren(std::uint32_t at) const noexcept;
    bool IsWithin(std::uint32_t at, std::uint32_t ancestor) const noexcept;
    std::uint32_t Place() noexcept;
    void Fill(std::uint32_t at, const EndedRun& run, std::uint32_t parent) noexcept;
    void Append(const EndedRun& run, std::uint64_t threshold) noexcept;
    void Repeat(std::uint32_t at, const EndedRun& run, std::uint64_t threshold) noexcept;
    Kinds SinceRunOf(std::uint32_t at) const noexcept;
    bool GoesOnAsBefore(std::uint32_t at, std::uint64_t threshold, bool by_rows) noexcept;
    bool IsAlike(std::uint32_t at, std::uint64_t threshold) noexcept;
    bool IsInItsTransaction(std::uint32_t at) noexcept;
    void PutOut(std::uint32_t at) noexcept;
    // Whether the rows of all statements were seen that the keys of `at` may come from.
    bool HasSeenRows(std::uint32_t at) const noexcept;
    RowValues::Columns ColumnsFor(std::uint32_t at, bool found_only) const noexcept;
    void Suspect(std::uint32_t at) noexcept;
    void Miss(std::uint32_t at, const EndedRun& run, std::uint64_t threshold) noexcept;
    void Judge(std::uint32_t at, const EndedRun& run, std::uint64_t threshold) noexcept;
    void FindItsPlace(std::uint32_t at, bool may_belong) noexcept;
    std::uint32_t ParentThatFits(const Node& node) const noexcept;
    void TakeBack(std::uint32_t at) noexcept;
    void Move(std::uint32_t at, std::uint32_t parent) noexcept;
    void BeginTurn(std::uint32_t at) noexcept;
    void TakeOutFirstRun(std::uint32_t at) noexcept;
    void TakeOutOneRun(std::uint32_t at, const EndedRun& run) noexcept;
    void MakeRoot(std::uint32_t at) noexcept;
    void Report(NPlusOneChange::Kind kind, std::uint32_t at, std::uint64_t runs,
                std::uint64_t elapsed_ns) noexcept;
    void End(std::uint32_t at) noexcept;
    void EndAll() noexcept;
    void PassOver() noexcept;
    void PassAside() noexcept;

    std::array<Node, kNodes> nodes_{};
    std::array<std::uint64_t, kKinds> came_at_{};  // of each kind the last one, by statements_
    std::uint64_t statements_ = 0;                 // that were seen while there was a root
    std::uint32_t size_ = 0;                       // places that were used
    std::uint32_t root_ = 0;
    std::uint32_t last_ = 0;       // what ran last
    std::uint32_t rival_ = kNone;  // a SELECT with many rows that came when the loop was under way
    std::uint32_t between_ = 0;    // statements since the last run that was part of a loop
    std::uint64_t ended_ns_ = 0;   // of the last statement; monotonic
    std::uint32_t aside_ = 0;      // statements since then that can be part of none
    std::uint64_t transactions_ = 0;
    std::array<NPlusOneChange, 2 * kNodes> changes_{};
    std::uint32_t change_count_ = 0;
    std::array<std::uint64_t, kNodes> suspects_{};
    std::uint32_t suspect_count_ = 0;
    RowValues rows_;
};

}  // namespace elile::core
