// The tree of statements: places in it, moves, and what ends.
#include "core/n_plus_one/detector.hpp"

namespace elile::core {
namespace {

// Between two runs of a loop a session sends at most so many other statements.
constexpr std::uint32_t kMostBetween = 16;

}  // namespace

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
    nodes_[at].transaction = transactions_;
    last_ = at;
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
        node.by_rows = false;
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

void NPlusOneDetector::TakeOutFirstRun(std::uint32_t at) noexcept {
    Node& node = nodes_[at];
    node.runs = 0;
    node.misses = 1;
    node.elapsed_ns = 0;
    node.runs_in_turn = 0;
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
    changes_[change_count_++] = {kind,
                                 at,
                                 nodes_[at].pattern,
                                 runs,
                                 elapsed_ns,
                                 nodes_[at].statement.table,
                                 nodes_[at].by_rows};
}

void NPlusOneDetector::End(std::uint32_t at) noexcept {
    if (nodes_[at].state == State::kFound) {
        Report(NPlusOneChange::Kind::kEnded, at, nodes_[at].runs, nodes_[at].elapsed_ns);
    } else if (nodes_[at].state == State::kOpen && nodes_[at].is_refuted) {
        Report(NPlusOneChange::Kind::kRefuted, at, nodes_[at].runs, nodes_[at].elapsed_ns);
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
    aside_ = 0;
}

// The statement is no part of a loop, or not yet. Too many of them in a row end all loops.
void NPlusOneDetector::PassOver() noexcept {
    if (++between_ > kMostBetween) {
        EndAll();
    }
}

}  // namespace elile::core
