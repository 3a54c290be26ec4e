// What tells a loop from what only comes in its order: where the keys come from.
#include <algorithm>

#include "core/n_plus_one/detector.hpp"

namespace elile::core {
namespace {

// A loop over an application's own order of the rows is believed after so many thresholds.
constexpr std::uint64_t kManyThresholds = 2;
// What was found is none when the same statement goes on with other keys: more than these, and more
// than half its runs.
constexpr std::uint64_t kFewMisses = 8;
// Keys that repeat each other are runs. Of a loop so many change at least.
constexpr std::uint64_t kLeastChanges = 2;

}  // namespace

RowValues::Place NPlusOneDetector::BeginRows(std::uint64_t queryid,
                                             std::uint32_t columns) noexcept {
    if (!IsFollowing() || queryid == nodes_[root_].statement.queryid) {
        rows_.Clear();
    }
    return rows_.Begin(queryid, columns);
}

// Keys come from the rows of the parent, or from those of a statement that runs once for each of
// them.
bool NPlusOneDetector::HasSeenRows(std::uint32_t at) const noexcept {
    const Node& node = nodes_[at];
    if (rows_.IsEmpty() || !rows_.HasSeen(nodes_[node.parent].statement.queryid)) {
        return false;
    }
    for (std::uint32_t other = 0; other < size_; ++other) {
        const bool is_source = other == node.elder || (nodes_[other].state == State::kFound &&
                                                       nodes_[other].parent == node.parent);
        if (IsUsed(other) && other != at && is_source &&
            !rows_.HasSeen(nodes_[other].statement.queryid)) {
            return false;
        }
    }
    return true;
}

// Returns the columns that may have the keys of `at`. With `found_only` they are those of its
// ancestors and of loops' children; else also those of statements that may turn out to be one.
RowValues::Columns NPlusOneDetector::ColumnsFor(std::uint32_t at, bool found_only) const noexcept {
    RowValues::Columns columns = 0;
    if (at == root_ || !HasSeenRows(at)) {
        return columns;
    }
    for (std::uint32_t other = 0; other < size_; ++other) {
        if (!IsUsed(other) || IsWithin(other, at)) {
            continue;
        }
        if (!found_only || IsWithin(at, other) || nodes_[other].state == State::kFound) {
            columns |= rows_.ColumnsOf(nodes_[other].statement.queryid);
        }
    }
    return columns;
}

void NPlusOneDetector::Suspect(std::uint32_t at) noexcept {
    const Node& node = nodes_[at];
    for (std::uint32_t other = 0; other < size_; ++other) {
        const bool is_source =
            other == node.parent || other == node.elder ||
            (nodes_[other].state == State::kFound && nodes_[other].parent == node.parent);
        if (IsUsed(other) && other != at && is_source && suspect_count_ < suspects_.size() &&
            !rows_.HasSeen(nodes_[other].statement.queryid)) {
            suspects_[suspect_count_++] = nodes_[other].statement.queryid;
        }
    }
}

// The run's keys are in no row. If another SELECT with many rows came since, that one begins
// something new.
void NPlusOneDetector::Miss(std::uint32_t at, const EndedRun& run,
                            std::uint64_t threshold) noexcept {
    Node& node = nodes_[at];
    if (rival_ != kNone && at != rival_ && !IsWithin(at, rival_)) {
        MakeRoot(rival_);
        Append(run, threshold);
        return;
    }
    node.values = run.values;
    ++node.misses;
    const bool goes_on_without =
        node.state == State::kFound && node.misses > std::max(kFewMisses, node.runs / 2);
    if (goes_on_without) {
        TakeBack(at);
    }
    if (goes_on_without || (node.state == State::kOpen && node.misses >= threshold)) {
        node.state = State::kOut;
        Report(NPlusOneChange::Kind::kRefuted, at, node.runs, node.elapsed_ns);
    }
}

void NPlusOneDetector::PutOut(std::uint32_t at) noexcept {
    Node& node = nodes_[at];
    if (node.state == State::kFound) {
        Report(NPlusOneChange::Kind::kEnded, at, node.runs, node.elapsed_ns);
    }
    node.state = State::kOut;
}

// Finds the loop when it had runs enough. With keys from elsewhere it may turn out to be one later.
void NPlusOneDetector::Judge(std::uint32_t at, const EndedRun& run,
                             std::uint64_t threshold) noexcept {
    Node& node = nodes_[at];
    if (node.state != State::kOpen || node.runs < threshold ||
        node.changes < std::min(kLeastChanges, threshold - 1)) {
        return;
    }
    if (run.has_limit && node.trace.OnlyPages()) {
        node.state = State::kOut;
        return;
    }
    const KeySource source = node.trace.Judge(ColumnsFor(at, true), kManyThresholds * threshold);
    node.is_refuted = source == KeySource::kElsewhere;
    if (node.is_refuted) {
        return;
    }
    Suspect(at);
    node.state = State::kFound;
    node.by_rows = source == KeySource::kRows;
    Report(NPlusOneChange::Kind::kFound, at, node.runs, node.elapsed_ns);
    if (rival_ != kNone && nodes_[rival_].runs == 1 && IsWithin(node.parent, rival_)) {
        MakeRoot(rival_);
    }
}

}  // namespace elile::core
