#include "core/n_plus_one/detector.hpp"

#include <algorithm>
#include <bit>

namespace elile::core {
namespace {

// Between two runs of a loop a session pauses at most so long. Statements that come later have
// nothing to do with the rows.
constexpr std::uint64_t kLongestPauseNs = UINT64_C(2) * 1000 * 1000 * 1000;

// A loop may ask for one relation for some rows, and for another one for others. So this many kinds
// may come between two runs that did not come between the first two.
constexpr std::uint32_t kMostStrangers = 3;
// Statements on the catalogue or on no table, of which a client's first use of a table sends many.
constexpr std::uint32_t kMostAside = 64;
// So many runs before a loop may be found, and after it was, the literals are of interest.
constexpr std::uint64_t kLiteralsFrom = 4;
// At least this share of the known kinds comes between two runs, on average.
constexpr double kLeastOfTheKnown = 0.5;

std::uint32_t KindOf(std::uint64_t queryid) noexcept {
    return static_cast<std::uint32_t>((queryid * UINT64_C(0x9E3779B97F4A7C15)) >> 58);
}

bool MayStart(const EndedRun& run, std::uint64_t threshold) noexcept {
    return run.is_select && run.may_belong && run.rows >= threshold;
}

}  // namespace

bool NPlusOneDetector::AsksForLists(std::uint64_t queryid, std::uint64_t threshold) const noexcept {
    const std::uint32_t at = Find(queryid);
    if (at == kNone) {
        return threshold <= 2;
    }
    const Node& node = nodes_[at];
    return at != root_ && node.state == State::kOpen && node.runs + 2 >= threshold;
}

bool NPlusOneDetector::AsksForLiterals(std::uint64_t queryid,
                                       std::uint64_t threshold) const noexcept {
    const std::uint32_t at = Find(queryid);
    if (at == kNone) {
        return threshold <= kLiteralsFrom || !rows_.IsEmpty();
    }
    const Node& node = nodes_[at];
    const bool may_be_found = node.runs + kLiteralsFrom >= threshold || ColumnsFor(at, false) != 0;
    return at != root_ && node.state != State::kOut && may_be_found && node.runs < 2 * threshold;
}

NPlusOneDetector::Changes NPlusOneDetector::Saw(const EndedRun& run,
                                                std::uint64_t threshold) noexcept {
    change_count_ = 0;
    suspect_count_ = 0;
    if (run.is_select && !run.rows_seen) {
        rows_.Leave(run.queryid);
    }
    if (IsFollowing() && run.began_ns > ended_ns_ + kLongestPauseNs) {
        EndAll();
    }
    if (IsFollowing()) {
        const std::uint32_t known = run.is_select ? Find(run.queryid) : kNone;
        const bool is_aside = run.is_select && known == kNone && !run.may_belong;
        if (!is_aside) {
            came_at_[KindOf(run.queryid)] = ++statements_;
        }
        if (is_aside) {
            PassAside();
        } else if (!run.is_select) {
            PassOver();
        } else if (known == root_) {
            EndAll();
        } else if (known != kNone) {
            Repeat(known, run, threshold);
        } else {
            Append(run, threshold);
        }
    }
    if (!IsFollowing() && MayStart(run, threshold)) {
        root_ = 0;
        size_ = 1;
        Fill(root_, run, kNone);
    }
    ended_ns_ = run.began_ns + run.elapsed_ns;
    return {changes_.data(), change_count_};
}

NPlusOneDetector::Changes NPlusOneDetector::Break() noexcept {
    change_count_ = 0;
    suspect_count_ = 0;
    EndAll();
    return {changes_.data(), change_count_};
}

// The statement can be no part of a loop, whatever comes.
void NPlusOneDetector::PassAside() noexcept {
    if (++aside_ > kMostAside) {
        EndAll();
    }
}

// A loop that was found ends with its transaction. One that was not may go on in the next ones.
NPlusOneDetector::Changes NPlusOneDetector::EndTransaction() noexcept {
    change_count_ = 0;
    suspect_count_ = 0;
    for (std::uint32_t at = 0; at < size_; ++at) {
        const Node& node = nodes_[at];
        const bool is_inside = IsUsed(at) && at != root_ && IsLoop(node) && !node.by_transaction &&
                               node.state != State::kOut;
        if (is_inside && (node.state == State::kFound || !HasSeenRows(at))) {
            EndAll();
            break;
        }
    }
    ++transactions_;
    return {changes_.data(), change_count_};
}

// The nearest statement that returned rows becomes the parent, from the last one upwards.
void NPlusOneDetector::Append(const EndedRun& run, std::uint64_t threshold) noexcept {
    bool is_late = false;
    for (std::uint32_t at = 0; at < size_; ++at) {
        is_late = is_late || (IsUsed(at) && at != root_ && nodes_[at].runs > 1);
    }
    std::uint32_t parent = last_;
    while (parent != root_ && nodes_[parent].last_rows == 0) {
        parent = nodes_[parent].parent;
    }
    const std::uint32_t at = Place();
    if (at == kNone) {
        PassOver();
        return;
    }
    Fill(at, run, parent);
    if (nodes_[at].trace.Add(run.each, rows_, ColumnsFor(at, false), at) == KeySource::kElsewhere) {
        TakeOutFirstRun(at);
    }
    if (is_late && run.rows >= threshold) {
        rival_ = at;
    }
    PassOver();
}

void NPlusOneDetector::Repeat(std::uint32_t at, const EndedRun& run,
                              std::uint64_t threshold) noexcept {
    Node& node = nodes_[at];
    if (node.state == State::kOut) {
        PassOver();
        return;
    }
    const KeySource source = node.trace.Add(run.each, rows_, ColumnsFor(at, false), at);
    if (source == KeySource::kElsewhere) {
        Miss(at, run, threshold);
        return;
    }
    if (!GoesOnAsBefore(at, threshold, source == KeySource::kRows)) {
        PassOver();
        return;
    }
    node.changes += node.values != run.values ? 1 : 0;
    node.alike = node.values != run.values ? 1 : node.alike + 1;
    if (node.alike > 2 * threshold && source != KeySource::kRows) {
        PutOut(at);
        PassOver();
        return;
    }
    node.values = run.values;
    const bool has_other_lists = node.lists != 0 && run.lists != 0 && node.lists != run.lists;
    node.lists = run.lists;
    const std::uint64_t runs_before = node.runs++;
    node.elapsed_ns += run.elapsed_ns;
    node.rows += run.rows;
    node.last_rows = run.rows;
    ++node.runs_in_turn;
    ++node.runs_in_elders_turn;
    if (node.state == State::kFound) {
        Report(NPlusOneChange::Kind::kRun, at, 1, run.elapsed_ns);
    }
    // The rows for which it ran are used up, and another SELECT with many rows came since: that one
    // begins something new.
    if (rival_ != kNone && at != rival_ && !IsWithin(at, rival_) &&
        runs_before >= nodes_[node.parent].rows) {
        TakeOutOneRun(at, run);
        MakeRoot(rival_);
        Append(run, threshold);
        return;
    }
    between_ = 0;
    aside_ = 0;
    last_ = at;
    FindItsPlace(at, !has_other_lists);
    BeginTurn(at);
    if (node.runs == std::max<std::uint64_t>(2, threshold / 2)) {
        Suspect(at);
    }
    Judge(at, run, threshold);
}

// Returns the kinds that came since the last run of `at`, without its own and those of loops within
// it.
NPlusOneDetector::Kinds NPlusOneDetector::SinceRunOf(std::uint32_t at) const noexcept {
    Kinds kinds = 0;
    if (statements_ == nodes_[at].ran_at + 1) {
        return kinds;
    }
    for (std::uint32_t kind = 0; kind < kKinds; ++kind) {
        kinds |= Kinds{came_at_[kind] > nodes_[at].ran_at} << kind;
    }
    kinds &= ~(Kinds{1} << KindOf(nodes_[at].statement.queryid));
    for (std::uint32_t other = 0; other < size_; ++other) {
        if (IsUsed(other) && IsLoop(nodes_[other]) && IsWithin(other, at)) {
            kinds &= ~(Kinds{1} << KindOf(nodes_[other].statement.queryid));
        }
    }
    return kinds;
}

// Tells whether what came before this run of `at` is like what came before the others. When it is
// not, the loop has ended, or there was none. A key from the rows proves the loop.
bool NPlusOneDetector::GoesOnAsBefore(std::uint32_t at, std::uint64_t threshold,
                                      bool by_rows) noexcept {
    // Runs in one transaction that the parent was not in follow something else.
    const bool is_apart = !IsLoop(nodes_[at]) && nodes_[at].transaction == transactions_ &&
                          nodes_[nodes_[at].parent].transaction != transactions_;
    const bool is_in_its_transaction = IsInItsTransaction(at);
    const bool is_alike = IsAlike(at, threshold);
    if (!is_apart && (by_rows || (is_in_its_transaction && is_alike))) {
        return true;
    }
    PutOut(at);
    return false;
}

// Each run is in a transaction of its own, or all are in one.
bool NPlusOneDetector::IsInItsTransaction(std::uint32_t at) noexcept {
    Node& node = nodes_[at];
    const bool is_another = node.transaction != transactions_;
    node.transaction = transactions_;
    const bool is_first = !IsLoop(node);
    const bool is_alike = is_first || is_another == node.by_transaction;
    node.by_transaction = is_another && (is_first || node.by_transaction);
    return is_alike;
}

bool NPlusOneDetector::IsAlike(std::uint32_t at, std::uint64_t threshold) noexcept {
    Node& node = nodes_[at];
    const Kinds since = SinceRunOf(at);
    Gaps& gaps = node.gaps[nodes_[node.parent].ran_at > node.ran_at ? 1 : 0];
    node.strangers +=
        gaps.gaps > 0 ? static_cast<std::uint32_t>(std::popcount(since & ~gaps.known)) : 0;
    gaps.known |= since;
    ++gaps.gaps;
    gaps.came += static_cast<std::uint64_t>(std::popcount(since)) + 1;
    gaps.awaited += static_cast<std::uint64_t>(std::popcount(gaps.known)) + 1;
    node.ran_at = statements_;
    const bool has_the_known =
        static_cast<double>(gaps.came) >= kLeastOfTheKnown * static_cast<double>(gaps.awaited);
    return node.strangers <= kMostStrangers &&
           (has_the_known || node.state == State::kFound || node.runs + 1 < threshold);
}

}  // namespace elile::core
