#include "core/n_plus_one/detector.hpp"

#include <bit>

namespace elile::core {
namespace {

// Between two runs of a loop a session sends at most so many other statements, and pauses at most
// so long. Statements that come later have nothing to do with the rows.
constexpr std::uint32_t kMostBetween = 16;
constexpr std::uint64_t kLongestPauseNs = UINT64_C(2) * 1000 * 1000 * 1000;

// A loop may ask for one relation for some rows, and for another one for others. So this many kinds
// may come between two runs that did not come between the first two.
constexpr std::uint32_t kMostStrangers = 3;
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

NPlusOneDetector::Changes NPlusOneDetector::Saw(const EndedRun& run,
                                                std::uint64_t threshold) noexcept {
    change_count_ = 0;
    if (IsFollowing() && run.began_ns > ended_ns_ + kLongestPauseNs) {
        EndAll();
    }
    if (IsFollowing()) {
        came_at_[KindOf(run.queryid)] = ++statements_;
        const std::uint32_t known = run.is_select ? Find(run.queryid) : kNone;
        if (!run.is_select || (known == kNone && !run.may_belong)) {
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
    EndAll();
    return {changes_.data(), change_count_};
}

std::uint32_t NPlusOneDetector::Find(std::uint64_t queryid) const noexcept {
    for (std::uint32_t at = 0; at < size_; ++at) {
        if (nodes_[at].statement.queryid == queryid) {
            return at;
        }
    }
    return kNone;
}

bool NPlusOneDetector::HasChildren(std::uint32_t at) const noexcept {
    for (std::uint32_t other = 0; other < size_; ++other) {
        if (IsUsed(other) && nodes_[other].parent == at) {
            return true;
        }
    }
    return false;
}

bool NPlusOneDetector::IsWithin(std::uint32_t at, std::uint32_t ancestor) const noexcept {
    while (at != kNone && at != ancestor) {
        at = nodes_[at].parent;
    }
    return at != kNone;
}

// Returns a free place, or that of the statement without children that ran least. Returns kNone
// when all of them are of interest.
std::uint32_t NPlusOneDetector::Place() noexcept {
    std::uint32_t victim = kNone;
    for (std::uint32_t at = 0; at < size_; ++at) {
        const Node& node = nodes_[at];
        if (!IsUsed(at)) {
            return at;
        }
        const bool may_go =
            at != root_ && at != last_ && node.state != State::kFound && !HasChildren(at);
        if (may_go && (victim == kNone || node.runs < nodes_[victim].runs)) {
            victim = at;
        }
    }
    if (size_ < kNodes) {
        return size_++;
    }
    if (victim != kNone) {
        End(victim);
    }
    return victim;
}

void NPlusOneDetector::Fill(std::uint32_t at, const EndedRun& run, std::uint32_t parent) noexcept {
    nodes_[at] = {};
    nodes_[at].statement = {run.queryid, run.statement, run.table};
    nodes_[at].parent = parent;
    nodes_[at].elder = kNone;
    nodes_[at].values = run.values;
    nodes_[at].lists = run.lists;
    nodes_[at].runs = 1;
    nodes_[at].elapsed_ns = run.elapsed_ns;
    nodes_[at].rows = run.rows;
    nodes_[at].last_rows = run.rows;
    nodes_[at].runs_in_turn = 1;
    nodes_[at].ran_at = statements_;
    last_ = at;
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
    if (is_late && run.rows >= threshold) {
        rival_ = at;
    }
    PassOver();
}

void NPlusOneDetector::Repeat(std::uint32_t at, const EndedRun& run,
                              std::uint64_t threshold) noexcept {
    Node& node = nodes_[at];
    if (node.state == State::kOut || node.values == run.values || !GoesOnAsBefore(at, threshold)) {
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
    last_ = at;
    FindItsPlace(at, !has_other_lists);
    BeginTurn(at);
    if (node.state == State::kOpen && node.runs >= threshold) {
        node.state = State::kFound;
        Report(NPlusOneChange::Kind::kFound, at, node.runs, node.elapsed_ns);
        if (rival_ != kNone && nodes_[rival_].runs == 1 && IsWithin(node.parent, rival_)) {
            MakeRoot(rival_);
        }
    }
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
// not, the loop has ended, or there was none.
bool NPlusOneDetector::GoesOnAsBefore(std::uint32_t at, std::uint64_t threshold) noexcept {
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
    const bool is_alike =
        static_cast<double>(gaps.came) >= kLeastOfTheKnown * static_cast<double>(gaps.awaited);
    if (node.strangers <= kMostStrangers &&
        (is_alike || node.state == State::kFound || node.runs + 1 < threshold)) {
        return true;
    }
    if (node.state == State::kFound) {
        Report(NPlusOneChange::Kind::kEnded, at, node.runs, node.elapsed_ns);
    }
    node.state = State::kOut;
    return false;
}

void NPlusOneDetector::FindItsPlace(std::uint32_t at, bool may_belong) noexcept {
    Node& node = nodes_[at];
    if (node.elder != kNone && nodes_[node.elder].parent == node.parent &&
        node.runs_in_elders_turn > 1 && node.runs_in_elders_turn <= nodes_[node.elder].last_rows) {
        node.runs_in_turn = node.runs_in_elders_turn;
        Move(at, node.elder);
    }
    const std::uint32_t parent = may_belong ? ParentThatFits(node) : kNone;
    if (parent == kNone) {
        TakeBack(at);
        node.state = State::kOut;
    } else if (parent != node.parent) {
        const std::uint32_t elder = node.elder == parent ? kNone : node.parent;
        Move(at, parent);
        node.elder = elder;
        node.runs_in_elders_turn = node.runs_in_turn;
    }
}

// The parent stays when it has had a row for each run, in this turn and in all. Else it is the
// innermost of its ancestors that has had rows enough in all, for a second loop may follow the
// whole first one. Else the parent or the elder with rows enough in all will do. Returns kNone when
// none has.
std::uint32_t NPlusOneDetector::ParentThatFits(const Node& node) const noexcept {
    if (node.runs_in_turn <= nodes_[node.parent].last_rows &&
        node.runs <= nodes_[node.parent].rows) {
        return node.parent;
    }
    for (std::uint32_t at = node.parent; at != root_;) {
        at = nodes_[at].parent;
        if (node.runs <= nodes_[at].rows) {
            return at;
        }
    }
    for (const std::uint32_t at : {node.parent, node.elder}) {
        if (at != kNone && node.runs <= nodes_[at].rows) {
            return at;
        }
    }
    return kNone;
}

void NPlusOneDetector::TakeBack(std::uint32_t at) noexcept {
    Node& node = nodes_[at];
    if (node.state == State::kFound) {
        Report(NPlusOneChange::Kind::kTakenBack, at, node.runs, node.elapsed_ns);
        node.state = State::kOpen;
    }
}

void NPlusOneDetector::Move(std::uint32_t at, std::uint32_t parent) noexcept {
    Node& node = nodes_[at];
    TakeBack(at);
    node.parent = parent;
    node.elder = kNone;
}

// `at` has run again. What its children did in the turn that ended tells whose children they are.
void NPlusOneDetector::BeginTurn(std::uint32_t at) noexcept {
    for (std::uint32_t other = 0; other < size_; ++other) {
        Node& node = nodes_[other];
        if (!IsUsed(other)) {
            continue;
        }
        if (node.elder == at) {
            node.runs_in_elders_turn = 0;
        }
        if (node.parent != at) {
            continue;
        }
        if (node.runs_in_turn == 1 && !IsLoop(node)) {
            Move(other, nodes_[at].parent);
            node.elder = at;
            node.runs_in_elders_turn = 0;
        } else {
            node.runs_in_turn = 0;
        }
    }
}

void NPlusOneDetector::TakeOutOneRun(std::uint32_t at, const EndedRun& run) noexcept {
    Node& node = nodes_[at];
    --node.runs;
    node.elapsed_ns -= run.elapsed_ns;
    if (node.state == State::kFound) {
        --change_count_;
    }
}

void NPlusOneDetector::MakeRoot(std::uint32_t at) noexcept {
    for (std::uint32_t other = 0; other < size_; ++other) {
        // IsWithin() may pass nodes that have just ended: End() leaves their parents.
        if (IsUsed(other) && !IsWithin(other, at)) {
            End(other);
        }
    }
    Node& root = nodes_[at];
    if (root.state == State::kFound) {
        Report(NPlusOneChange::Kind::kEnded, at, root.runs, root.elapsed_ns);
        root.state = State::kOpen;
    }
    root.parent = kNone;
    root.elder = kNone;
    root_ = at;
    rival_ = kNone;
    if (!IsUsed(last_)) {
        last_ = root_;
    }
}

void NPlusOneDetector::Report(NPlusOneChange::Kind kind, std::uint32_t at, std::uint64_t runs,
                              std::uint64_t elapsed_ns) noexcept {
    changes_[change_count_++] = {kind, at,         nodes_[at].pattern,
                                 runs, elapsed_ns, nodes_[at].statement.table};
}

void NPlusOneDetector::End(std::uint32_t at) noexcept {
    if (nodes_[at].state == State::kFound) {
        Report(NPlusOneChange::Kind::kEnded, at, nodes_[at].runs, nodes_[at].elapsed_ns);
    }
    nodes_[at].statement.queryid = 0;
    for (std::uint32_t other = 0; other < size_; ++other) {
        if (nodes_[other].elder == at) {
            nodes_[other].elder = kNone;
        }
    }
    if (rival_ == at) {
        rival_ = kNone;
    }
}

void NPlusOneDetector::EndAll() noexcept {
    for (std::uint32_t at = 0; at < size_; ++at) {
        if (IsUsed(at)) {
            End(at);
        }
    }
    size_ = 0;
    between_ = 0;
}

// The statement is no part of a loop, or not yet. Too many of them in a row end all loops.
void NPlusOneDetector::PassOver() noexcept {
    if (++between_ > kMostBetween) {
        EndAll();
    }
}

}  // namespace elile::core
