#include "core/snapshot/series.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/n_plus_one/table.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/snapshot/parts.hpp"
#include "core/statements/table.hpp"

namespace elile::core {
namespace {

using Words = std::array<std::uint64_t, kSeriesWords>;

// Octave o ends at 2^(o + kFirstExponent + 1) seconds.
constexpr int kOctaveOfFirstBound = kFirstBoundExponent - kFirstExponent - 1;

int BucketOfOctave(int octave) noexcept {
    return std::clamp(octave - kOctaveOfFirstBound, 0, kLatencyBounds);
}

SeriesCounters CountersOf(const TallySnapshot& sum, std::uint64_t unplaced) noexcept {
    SeriesCounters counters{};
    counters.queries = sum.Executions();
    counters.failed = sum.failed_calls;
    counters.slow = sum.slow_calls;
    counters.total_ns = sum.total_ns;
    counters.bucket[0] = sum.below;
    counters.bucket[kLatencyBounds] = sum.above + unplaced;
    for (std::uint64_t left = sum.present; left != 0; left &= left - 1) {
        const int octave = std::countr_zero(left);
        counters.bucket[static_cast<std::size_t>(BucketOfOctave(octave))] += sum.in_octave[octave];
    }
    return counters;
}

// `origin` is where the series began from zero, `shown` what it showed last.
void Advance(const SeriesCounters& now, SeriesCounters& origin, SeriesCounters& shown) noexcept {
    const auto current = std::bit_cast<Words>(now);
    const auto from = std::bit_cast<Words>(origin);
    const auto last = std::bit_cast<Words>(shown);
    Words result{};
    for (std::size_t at = 0; at < kSeriesWords; ++at) {
        if (current[at] < from[at] + last[at]) {
            origin = now;
            shown = {};
            return;
        }
        result[at] = current[at] - from[at];
    }
    shown = std::bit_cast<SeriesCounters>(result);
}

std::uint64_t Whole(double ns) noexcept { return static_cast<std::uint64_t>(std::llround(ns)); }

bool IsSlower(const SnapshotStatement& left, const SnapshotStatement& right) noexcept {
    return static_cast<double>(left.total_ns) * static_cast<double>(right.calls) >
           static_cast<double>(right.total_ns) * static_cast<double>(left.calls);
}

}  // namespace

std::uint32_t SeriesBuilder::SeriesOf(const Target& target) const noexcept {
    const SeriesLayout layout = segment_.snapshot.layout;
    if (target.table <= tables_) {
        return layout.OfTable(target.table, target.operation);
    }
    const std::uint32_t database =
        segment_.databases.Find({segment_.tables.KeyOf(target.table).dbid, 0, 0});
    return layout.OfDatabase(database != kNoIndex ? database : 0, target.operation);
}

void SeriesBuilder::Link(const Target& target, std::uint32_t item) noexcept {
    std::uint32_t& first = first_[SeriesOf(target)];
    next_[item] = first;
    first = item + 1;
}

void SeriesBuilder::LinkAll() noexcept {
    const StatementTable& statements = segment_.statements;
    const auto entries = static_cast<std::uint32_t>(statements.entries.size());
    std::memset(first_, 0, segment_.snapshot.layout.Size() * sizeof(*first_));
    for (std::uint32_t slot = 0; slot < entries; ++slot) {
        const Entry& entry = statements.entries[slot];
        if (IsCounted(entry)) {
            Link(TargetOf(entry), slot);
        }
    }
    for (std::uint32_t place = 0; place < statements.leftovers.size(); ++place) {
        if (HasCounted(statements.leftovers[place])) {
            Link(TargetAt(place), entries + place);
        }
    }
}

void SeriesBuilder::SumInto(std::uint32_t series, TallySnapshot& sum,
                            std::uint64_t& unplaced) const noexcept {
    const StatementTable& statements = segment_.statements;
    const std::size_t entries = statements.entries.size();
    for (std::uint32_t item = first_[series]; item != 0; item = next_[item - 1]) {
        if (item > entries) {
            const Tally& tally = statements.leftovers[item - 1 - entries];
            sum.AddTally(tally, statements.octaves);
            unplaced += Get(tally.unplaced);
            continue;
        }
        statements.ForEachCounters(statements.entries[item - 1], [&](const Counters& unit) {
            sum.AddTally(unit.tally, statements.octaves);
            unplaced += Get(unit.tally.unplaced);
        });
    }
}

std::uint64_t SeriesBuilder::LoopsOf(std::uint32_t series) const noexcept {
    const SeriesLayout layout = segment_.snapshot.layout;
    const std::uint32_t tables = segment_.tables.Size();
    if (SeriesLayout::OperationOf(series) != Operation::kSelect) {
        return 0;
    }
    if (layout.IsOfTable(series)) {
        const std::uint32_t table = layout.IndexOf(series);
        return table <= tables_ && table < tables ? segment_.n_plus_one.LoopsOf(table) : 0;
    }
    std::uint64_t loops = 0;
    for (std::uint32_t table = tables_ + 1; table < tables; ++table) {
        const std::uint64_t of_table = segment_.n_plus_one.LoopsOf(table);
        if (of_table != 0 && SeriesOf({table, Operation::kSelect}) == series) {
            loops += of_table;
        }
    }
    return loops;
}

void SeriesBuilder::NoteIfSlow(const Entry& entry, SnapshotHead& head) const noexcept {
    SnapshotStatement statement;
    statement.calls = 0;
    statement.total_ns = 0;
    segment_.statements.ForEachCounters(entry, [&](const Counters& unit) {
        statement.calls += Get(unit.tally.calls) + Get(unit.tally.failed_calls);
        statement.total_ns += Get(unit.tally.total_ns);
    });
    const auto begin = head.slowest.begin();
    const auto end = begin + head.statements;
    const auto place = std::find_if(
        begin, end, [&](const SnapshotStatement& other) { return IsSlower(statement, other); });
    if (statement.calls == 0 || place == head.slowest.end()) {
        return;
    }
    TallySnapshot sum;
    segment_.statements.AddTalliesOf(entry, sum);
    std::uint32_t encoding = 0;
    const std::uint32_t text = Get(entry.text);
    statement.queryid = Get(entry.queryid);
    statement.p95_ns = Whole(sum.QuantileNs(0.95));
    statement.max_ns = sum.max_ns;
    statement.dbid = KeyOf(entry).dbid;
    statement.text_bytes =
        segment_.texts.Read(text, statement.text, sizeof(statement.text), &encoding);
    statement.text_is_cut = segment_.texts.LengthOf(text) > statement.text_bytes ? 1 : 0;
    statement.unused = 0;
    head.statements = std::min<std::uint32_t>(head.statements + 1, kSlowestStatements);
    std::move_backward(place, begin + head.statements - 1, begin + head.statements);
    *place = statement;
}

void SeriesBuilder::Take(std::uint32_t tables, SnapshotHead& head,
                         SnapshotSeries* series) noexcept {
    const SegmentHeader& header = *segment_.header;
    tables_ = std::min(tables, header.sizes.series_tables);
    const std::uint64_t since = Get(header.stats_since_us);
    const bool begins_anew = head.stats_since_us != since;
    head.stats_since_us = since;
    head.series = segment_.snapshot.layout.Size();
    head.tables_with_series = tables_;
    const std::uint32_t used = segment_.tables.Used();
    head.tables_other = used > tables_ ? used - tables_ : 0;
    LinkAll();
    for (std::uint32_t at = 0; at < head.series; ++at) {
        TallySnapshot sum;
        std::uint64_t unplaced = 0;
        SumInto(at, sum, unplaced);
        if (begins_anew) {
            segment_.snapshot.origins[at] = {};
            series[at].counted = {};
        }
        SeriesCounters counters = CountersOf(sum, unplaced);
        counters.loops = LoopsOf(at);
        Advance(counters, segment_.snapshot.origins[at], series[at].counted);
        series[at].p50_ns = Whole(sum.QuantileNs(0.50));
        series[at].p95_ns = Whole(sum.QuantileNs(0.95));
        series[at].p99_ns = Whole(sum.QuantileNs(0.99));
        series[at].max_ns = sum.max_ns;
    }
    head.statements = 0;
    for (const Entry& entry : segment_.statements.entries) {
        if (IsCounted(entry) && Get(entry.text) != 0) {
            NoteIfSlow(entry, head);
        }
    }
}

}  // namespace elile::core
