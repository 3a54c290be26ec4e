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

// Fills what `sum` tells. What has no bucket is in the last one already.
void AddSum(const TallySnapshot& sum, SeriesCounters& counters) noexcept {
    counters.queries = sum.Executions();
    counters.failed = sum.failed_calls;
    counters.slow = sum.slow_calls;
    counters.total_ns = sum.total_ns;
    counters.bucket[0] += sum.below;
    counters.bucket[kLatencyBounds] += sum.above;
    for (std::uint64_t left = sum.present; left != 0; left &= left - 1) {
        const int octave = std::countr_zero(left);
        counters.bucket[static_cast<std::size_t>(BucketOfOctave(octave))] += sum.in_octave[octave];
    }
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

}  // namespace

std::uint32_t SeriesBuilder::PlaceFor(const Target& target, std::uint32_t dbid) const noexcept {
    const SeriesLayout layout = segment_.snapshot.layout;
    if (target.table <= tables_) {
        return layout.OfTable(target.table, target.operation);
    }
    const std::uint32_t database = segment_.databases.Find({dbid, 0, 0});
    return layout.OfDatabase(database != kNoIndex ? Databases::IndexOf(database) : 0,
                             target.operation);
}

std::uint32_t SeriesBuilder::OwnerOf(std::uint32_t place) const noexcept {
    const SeriesLayout layout = segment_.snapshot.layout;
    const std::uint32_t index = layout.IndexOf(place);
    return layout.IsOfTable(place) ? segment_.tables.At(index) : segment_.databases.At(index);
}

// The figures of whoever had the place before are nothing to the one that has it now. Origins that
// the first snapshot finds were restored.
void SeriesBuilder::BeginAgain(SnapshotSeries& series) noexcept {
    const std::uint32_t place = series.place;
    if (!is_first_) {
        segment_.snapshot.origins[place] = {};
    }
    series = {};
    series.place = place;
    series.owner = OwnerOf(place);
}

// Finds the series, or puts the place into use.
std::uint32_t SeriesBuilder::SeriesAt(std::uint32_t place) noexcept {
    if (series_at_[place] == 0) {
        const std::uint32_t fresh = head_.series++;
        series_[fresh].place = place;
        BeginAgain(series_[fresh]);
        first_[fresh] = 0;
        series_at_[place] = fresh + 1;
    }
    return series_at_[place] - 1;
}

// `target.table` is an index. Tables that are gone have no series. What they have counted was in
// theirs, and would be counted twice.
void SeriesBuilder::Link(const Target& target, std::uint32_t dbid, std::uint32_t item) noexcept {
    if (segment_.tables.KeyOf(target.table) == TableDirectory::DroppedIn(dbid)) {
        return;
    }
    std::uint32_t& first = first_[SeriesAt(PlaceFor(target, dbid))];
    next_[item] = first;
    first = item + 1;
}

void SeriesBuilder::LinkAll() noexcept {
    const StatementTable& statements = segment_.statements;
    const auto entries = static_cast<std::uint32_t>(statements.entries.size());
    const auto leftovers = static_cast<std::uint32_t>(statements.leftovers.size());
    const std::uint32_t tables = segment_.tables.End();
    std::memset(series_at_, 0, segment_.snapshot.layout.Size() * sizeof(*series_at_));
    std::memset(first_, 0, head_.series * sizeof(*first_));
    for (std::uint32_t at = 0; at < head_.series; ++at) {
        series_at_[series_[at].place] = at + 1;
        if (series_[at].owner != OwnerOf(series_[at].place)) {
            BeginAgain(series_[at]);
        }
    }
    for (std::uint32_t slot = 0; slot < entries; ++slot) {
        const Entry& entry = statements.entries[slot];
        if (!IsCounted(entry)) {
            continue;
        }
        const Target target = TargetAt(statements.PlaceFor(entry));
        if (target.toplevel) {
            Link(target, KeyOf(entry).dbid, slot);
        } else if (Get(entry.text) != 0) {
            NoteStatement(entry);
        }
    }
    for (std::uint32_t place = 0; place < tables * kTargetsPerTable; ++place) {
        const Target target = TargetAt(place);
        if (target.toplevel && HasCounted(statements.leftovers[place])) {
            Link(target, segment_.tables.KeyOf(target.table).dbid, entries + place);
        }
    }
    for (std::uint32_t table = 0; table < tables; ++table) {
        if (segment_.n_plus_one.LoopsOf(table) != 0) {
            Link({table, Operation::kSelect}, segment_.tables.KeyOf(table).dbid,
                 entries + leftovers + table);
        }
    }
}

void SeriesBuilder::AddItem(std::uint32_t item, TallySnapshot& sum,
                            SeriesCounters& counters) noexcept {
    const StatementTable& statements = segment_.statements;
    const auto entries = static_cast<std::uint32_t>(statements.entries.size());
    const auto leftovers = static_cast<std::uint32_t>(statements.leftovers.size());
    const auto add = [&](const Tally& tally) {
        sum.AddTally(tally, statements.octaves);
        counters.bucket[kLatencyBounds] += Get(tally.unplaced);
    };
    if (item < entries) {
        const Entry& entry = statements.entries[item];
        statements.ForEachCounters(entry, [&](const Counters& unit) { add(unit.tally); });
        if (Get(entry.text) != 0) {
            NoteStatement(entry);
        }
    } else if (item < entries + leftovers) {
        add(statements.leftovers[item - entries]);
    } else {
        counters.loops += segment_.n_plus_one.LoopsOf(item - entries - leftovers);
    }
}

void SeriesBuilder::TakeSeries(std::uint32_t at) noexcept {
    SnapshotSeries& series = series_[at];
    TallySnapshot sum;
    SeriesCounters counters{};
    for (std::uint32_t link = first_[at]; link != 0; link = next_[link - 1]) {
        AddItem(link - 1, sum, counters);
    }
    AddSum(sum, counters);
    if (is_first_ && segment_.snapshot.BeginsAnew()) {
        segment_.snapshot.origins[series.place] = counters;
    }
    Advance(counters, segment_.snapshot.origins[series.place], series.counted);
    series.p50_ns = Whole(sum.QuantileNs(0.50));
    series.p95_ns = Whole(sum.QuantileNs(0.95));
    series.p99_ns = Whole(sum.QuantileNs(0.99));
    series.max_ns = sum.max_ns;
    head_.queries += series.counted.queries;
    head_.slow += series.counted.slow;
    head_.failed += series.counted.failed;
}

// One that has not run counts for none.
void SeriesBuilder::NoteOtherOrigin(const SnapshotStatement& statement) noexcept {
    SnapshotOtherOrigins& sum = head_.other_origins;
    sum.statements += statement.calls != 0 ? 1 : 0;
    sum.calls += statement.calls;
    sum.total_ns += statement.total_ns;
    sum.max_ns = std::max(sum.max_ns, statement.max_ns);
}

void SeriesBuilder::NoteStatement(const Entry& entry) noexcept {
    SnapshotStatement statement;
    statement.calls = 0;
    statement.total_ns = 0;
    statement.max_ns = 0;
    segment_.statements.ForEachCounters(entry, [&](const Counters& unit) {
        statement.calls += Get(unit.tally.calls) + Get(unit.tally.failed_calls);
        statement.total_ns += Get(unit.tally.total_ns);
        statement.max_ns = std::max(statement.max_ns, Get(unit.tally.max_ns));
    });
    if (StatementOriginOf(entry) != StatementOrigin::kApplication) {
        NoteOtherOrigin(statement);
        return;
    }
    const auto begin = head_.slowest.begin();
    const auto end = begin + head_.statements;
    const auto place = std::find_if(begin, end, [&](const SnapshotStatement& other) {
        return statement.total_ns > other.total_ns;
    });
    if (statement.calls == 0 || place == head_.slowest.end()) {
        return;
    }
    TallySnapshot sum;
    segment_.statements.AddTalliesOf(entry, sum);
    std::uint32_t encoding = 0;
    const std::uint32_t text = Get(entry.text);
    statement.queryid = Get(entry.queryid);
    statement.p95_ns = Whole(sum.QuantileNs(0.95));
    statement.dbid = KeyOf(entry).dbid;
    statement.text_bytes =
        segment_.texts.Read(text, statement.text, sizeof(statement.text), &encoding);
    statement.text_is_cut = segment_.texts.LengthOf(text) > statement.text_bytes ? 1 : 0;
    statement.unused = 0;
    head_.statements = std::min<std::uint32_t>(head_.statements + 1, kSlowestStatements);
    std::move_backward(place, begin + head_.statements - 1, begin + head_.statements);
    *place = statement;
}

void SeriesBuilder::Take(std::uint32_t tables) noexcept {
    const SegmentHeader& header = *segment_.header;
    tables_ = std::min(tables, header.sizes.series_tables);
    const std::uint64_t since = Get(header.stats_since_us);
    is_first_ = head_.stats_since_us == 0 && head_.series == 0;
    if (head_.stats_since_us != since) {
        head_.series = 0;
    }
    head_.stats_since_us = since;
    head_.tables_with_series = tables_;
    const std::uint32_t used = segment_.tables.Used();
    head_.tables_other = used > tables_ ? used - tables_ : 0;
    head_.queries = head_.slow = head_.failed = 0;
    head_.statements = 0;
    head_.other_origins = {};
    LinkAll();
    for (std::uint32_t at = 0; at < head_.series; ++at) {
        TakeSeries(at);
    }
}

}  // namespace elile::core
