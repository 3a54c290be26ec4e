#include "exporter/reader.hpp"

#include <ctime>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <tuple>

#include "core/n_plus_one/table.hpp"
#include "core/pools/reports.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/snapshot/parts.hpp"
#include "exporter/clock.hpp"
#include "exporter/errors.hpp"
#include "exporter/names.hpp"
#include "exporter/own_figures.hpp"

namespace elile::exporter {
namespace {

constexpr double kStaleSeconds = 5;
constexpr double kNsPerSecond = 1e9;

double Seconds(std::uint64_t ns) { return static_cast<double>(ns) / kNsPerSecond; }

// Converts PostgreSQL's time, in microseconds since 2000-01-01 UTC, to Unix time in seconds.
double UnixTime(std::uint64_t us) {
    return static_cast<double>(us) / 1e6 + static_cast<double>(kPostgresEpoch);
}

std::uint64_t MonotonicNs() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000000000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

// A copy of the snapshot that the keeper published, with its series. Memory for series that are not
// in use is never touched, and so never taken.
class SnapshotCopy {
public:
    explicit SnapshotCopy(const core::Segment& segment)
        : bytes_(new std::uint64_t[core::WordsFor(segment.snapshot.MostBytes())]),
          is_there_(segment.snapshot.ReadWithSeries(
              reinterpret_cast<core::SnapshotHead*>(bytes_.get()))) {}

    // Null when nothing was published yet.
    const core::SnapshotHead* Head() const {
        return is_there_ ? reinterpret_cast<const core::SnapshotHead*>(bytes_.get()) : nullptr;
    }
    std::span<const core::SnapshotSeries> Series() const {
        const core::SnapshotHead& head = *Head();
        return {reinterpret_cast<const core::SnapshotSeries*>(&head + 1), head.series};
    }

private:
    std::unique_ptr<std::uint64_t[]> bytes_;
    bool is_there_;
};

void FillHealth(const core::SnapshotHead& head, Model& model) {
    const std::uint64_t now_ns = MonotonicNs();
    const std::uint64_t taken_ns = head.monotonic_ns;
    model.snapshot_age_seconds = now_ns > taken_ns ? Seconds(now_ns - taken_ns) : 0;
    if (model.snapshot_age_seconds > kStaleSeconds) {
        model.health = Health::kStale;
    } else if (head.postmaster_stopped != 0) {
        model.health = Health::kPostmasterStopped;
    } else {
        model.health = head.accepts_connections != 0 ? Health::kOk : Health::kNotAccepting;
    }
}

void FillServer(const core::SnapshotHead& head, Model& model) {
    model.taking_seconds = Seconds(head.taking_ns);
    model.stats_since = UnixTime(head.stats_since_us);
    model.server_start = UnixTime(head.server_start_us);
    model.server_version = static_cast<int>(head.server_version);
    model.in_recovery = head.in_recovery != 0;
    model.max_connections = head.max_connections;
}

// Merges rows that have the same labels, since a metric may have each label set once. `identity`
// gives a row's labels; `add` adds its second argument to the first.
template <typename Row, typename Identity, typename Add>
void MergeEqual(std::vector<Row>& rows, Identity identity, Add add) {
    std::sort(rows.begin(), rows.end(),
              [&](const Row& left, const Row& right) { return identity(left) < identity(right); });
    std::size_t merged = 0;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        if (merged > 0 && identity(rows[merged - 1]) == identity(rows[at])) {
            add(rows[merged - 1], rows[at]);
        } else if (merged++ != at) {
            rows[merged - 1] = std::move(rows[at]);
        }
    }
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(merged), rows.end());
}

// Adds series with the same labels: their table was dropped and made again, or an application
// reported it by name. Quantiles do not add up, so those of the busier series stay.
void AddSeries(Series& sum, const Series& more) {
    core::SeriesCounters counted = sum.values.counted;
    const core::SeriesCounters& others = more.values.counted;
    const std::uint64_t max_ns = std::max(sum.values.max_ns, more.values.max_ns);
    if (others.queries > counted.queries) {
        sum.values = more.values;
    }
    counted.queries += others.queries;
    counted.failed += others.failed;
    counted.slow += others.slow;
    counted.total_ns += others.total_ns;
    counted.loops += others.loops;
    for (std::size_t bucket = 0; bucket < core::kLatencyBuckets; ++bucket) {
        counted.bucket[bucket] += others.bucket[bucket];
    }
    sum.values.counted = counted;
    sum.values.max_ns = max_ns;
}

void AddPool(Pool& sum, const Pool& more) {
    const auto add = [](std::optional<std::uint64_t>& to,
                        const std::optional<std::uint64_t>& figure) {
        to = figure.has_value() ? to.value_or(0) + *figure : to;
    };
    add(sum.active_connections, more.active_connections);
    add(sum.size, more.size);
}

void AddIndex(Index& sum, const Index& more) {
    sum.is_valid = sum.is_valid && more.is_valid;
    sum.scans += more.scans;
    sum.bytes += more.bytes;
}

void FillSeries(const core::Segment& segment, const DatabaseNames& databases,
                std::span<const core::SnapshotSeries> all, Model& model) {
    const core::SeriesLayout layout = segment.snapshot.layout;
    const auto has_counted = [&](const core::SnapshotSeries& series) {
        const core::TableDirectory& names = layout.IsOfTable(series.place)
                                                ? static_cast<core::TableDirectory&>(segment.tables)
                                                : segment.databases;
        return series.counted.queries != 0 && layout.IndexOf(series.place) < names.Size();
    };
    model.series.reserve(
        static_cast<std::size_t>(std::count_if(all.begin(), all.end(), has_counted)));
    for (const core::SnapshotSeries& series : all) {
        const bool is_table = layout.IsOfTable(series.place);
        const core::TableDirectory& directory =
            is_table ? static_cast<const core::TableDirectory&>(segment.tables) : segment.databases;
        const std::uint32_t dbid = directory.KeyOf(series.owner).dbid;
        std::string table = is_table ? TableName(segment, series.owner) : kOther;
        if (has_counted(series) && directory.IsCurrent(series.owner)) {
            model.series.push_back({databases.Of(dbid), std::move(table),
                                    core::SeriesLayout::OperationOf(series.place), series});
        }
    }
    MergeEqual(
        model.series,
        [](const Series& one) { return std::tie(one.database, one.table, one.operation); },
        AddSeries);
}

void FillSessions(const DatabaseNames& databases, const core::SnapshotHead& head, Model& model) {
    const std::uint32_t rows = std::min<std::uint32_t>(head.session_rows, core::kSessionRows);
    for (std::uint32_t at = 0; at < rows; ++at) {
        const core::SnapshotSessions& row = head.sessions[at];
        if (static_cast<std::uint32_t>(row.state) >= core::kSessionStates) {
            continue;
        }
        model.sessions.push_back({databases.Of(row.dbid),
                                  NameIn(row.application, sizeof(row.application)), row.state,
                                  row.sessions});
    }
    MergeEqual(
        model.sessions,
        [](const Sessions& one) { return std::tie(one.database, one.application, one.state); },
        [](Sessions& sum, const Sessions& more) { sum.count += more.count; });
}

void FillStatements(const DatabaseNames& databases, const core::SnapshotHead& head, Model& model) {
    const std::uint32_t rows = std::min<std::uint32_t>(head.statements, core::kSlowestStatements);
    for (std::uint32_t at = 0; at < rows; ++at) {
        const core::SnapshotStatement& row = head.slowest[at];
        const std::size_t bytes = std::min<std::size_t>(row.text_bytes, sizeof(row.text));
        const double total = Seconds(row.total_ns);
        model.slowest.push_back({static_cast<std::int64_t>(row.queryid), databases.Of(row.dbid),
                                 ToUtf8({row.text, bytes}), row.text_is_cut != 0, row.calls,
                                 total / static_cast<double>(row.calls), Seconds(row.p95_ns),
                                 Seconds(row.max_ns), total});
    }
    const core::SnapshotOtherOrigins& others = head.other_origins;
    model.other_origins = {others.statements, others.calls, Seconds(others.max_ns),
                           Seconds(others.total_ns)};
}

void FillNPlusOne(const core::Segment& segment, const DatabaseNames& databases, Model& model) {
    std::vector<char> text(512);
    for (std::uint32_t at = 0; at < core::kNPlusOnePatterns; ++at) {
        core::NPlusOneCopy copy;
        if (!segment.n_plus_one.Read(at, &copy) || databases.IsSuperseded(copy.key.database)) {
            continue;
        }
        std::uint32_t encoding = 0;
        const std::uint32_t bytes = segment.texts.Read(
            copy.child_text, text.data(), static_cast<std::uint32_t>(text.size()), &encoding);
        NPlusOne pattern{databases.Of(copy.key.database),
                         ApplicationName(segment, copy.key.application),
                         TableName(segment, copy.table),
                         ToUtf8({text.data(), bytes}),
                         segment.texts.LengthOf(copy.child_text) > bytes,
                         copy.occurrences,
                         static_cast<double>(copy.runs) / static_cast<double>(copy.occurrences),
                         core::RoundTripsSaved(copy),
                         Seconds(copy.total_ns)};
        if (segment.n_plus_one.Holds(copy)) {
            model.n_plus_one.push_back(std::move(pattern));
        }
    }
    std::stable_sort(model.n_plus_one.begin(), model.n_plus_one.end(),
                     [](const NPlusOne& one, const NPlusOne& other) {
                         return one.round_trips_saved > other.round_trips_saved;
                     });
}

// This many applications have labels of their own; further ones share one.
constexpr std::size_t kPoolLabels = 50;

void FillPools(const core::Segment& segment, const DatabaseNames& databases, Model& model) {
    const auto figure = [](std::uint64_t plus_one) {
        return plus_one == 0 ? std::nullopt : std::optional<std::uint64_t>(plus_one - 1);
    };
    const std::uint64_t now_us = NowPostgresUs();
    for (std::uint32_t at = 0; at < core::kPoolReports; ++at) {
        core::PoolReportCopy report;
        if (!segment.pool_reports.Read(at, now_us, &report) ||
            databases.IsSuperseded(report.database)) {
            continue;
        }
        const auto active =
            figure(report.figure_plus_one[core::PlaceOf(core::PoolFigure::kActiveConnections)]);
        const auto size =
            figure(report.figure_plus_one[core::PlaceOf(core::PoolFigure::kPoolSize)]);
        if (!active.has_value() && !size.has_value()) {
            continue;
        }
        const bool has_label = model.pools.size() < kPoolLabels;
        model.pools.push_back(
            {has_label ? databases.Of(report.database) : kOther,
             has_label ? NameIn(report.application, sizeof(report.application)) : kOther, active,
             size});
    }
    MergeEqual(
        model.pools, [](const Pool& one) { return std::tie(one.database, one.application); },
        AddPool);
}

void FillIndexes(const core::Segment& segment, const DatabaseNames& databases, Model& model) {
    const auto indexes = std::make_unique<core::IndexStatistics>();
    if (!segment.indexes.Read(indexes.get())) {
        return;
    }
    const std::uint64_t now_us = NowPostgresUs();
    const std::uint32_t looked_at = std::min(indexes->databases, core::kDatabases);
    for (std::uint32_t at = 0; at < looked_at; ++at) {
        const auto& database = indexes->database[at];
        if (databases.IsSuperseded(database.dbid)) {
            continue;
        }
        const std::uint64_t age_us =
            now_us > database.collected_at_us ? now_us - database.collected_at_us : 0;
        model.index_ages.push_back(
            {databases.Of(database.dbid), static_cast<double>(age_us) / 1e6, database.left_out});
    }
    const std::uint32_t rows = std::min<std::uint32_t>(indexes->rows, core::kIndexRows);
    for (std::uint32_t at = 0; at < rows; ++at) {
        const core::IndexStatistic& index = indexes->index[at];
        if (databases.IsSuperseded(index.dbid)) {
            continue;
        }
        model.indexes.push_back({databases.Of(index.dbid),
                                 TableLabel(NameIn(index.schema, sizeof(index.schema)),
                                            NameIn(index.table, sizeof(index.table))),
                                 NameIn(index.index, sizeof(index.index)), index.is_valid != 0,
                                 index.scans, index.bytes});
    }
    MergeEqual(
        model.indexes, [](const Index& one) { return std::tie(one.database, one.table, one.name); },
        AddIndex);
}

}  // namespace

Model Reader::ReadHealth() const {
    Model model;
    core::SnapshotHead head;
    if (segment_.snapshot.ReadHead(&head)) {
        FillHealth(head, model);
    }
    return model;
}

void Reader::NoteSnapshot() {
    core::SnapshotHead head;
    if (segment_.snapshot.ReadHead(&head)) {
        rates_.Add({head.monotonic_ns, head.queries, head.slow, head.failed});
    }
}

Model Reader::Read() const {
    Model model;
    const SnapshotCopy snapshot(segment_);
    const core::SnapshotHead* head = snapshot.Head();
    const DatabaseNames databases(segment_);
    if (head != nullptr) {
        FillHealth(*head, model);
        FillServer(*head, model);
        FillSeries(segment_, databases, snapshot.Series(), model);
        FillSessions(databases, *head, model);
        FillStatements(databases, *head, model);
    }
    FillPools(segment_, databases, model);
    FillIndexes(segment_, databases, model);
    FillNPlusOne(segment_, databases, model);
    FillErrors(segment_, databases, model);
    FillOwnFigures(segment_, head, model);
    if (const std::optional<Rates> rates = rates_.PerSecond()) {
        model.queries_per_second = rates->queries;
        model.slow_per_second = rates->slow;
        model.failed_per_second = rates->failed;
    }
    return model;
}

std::string DescribeHealth(const Model& model) {
    char text[64];
    switch (model.health) {
        case Health::kOk:
            return "ok";
        case Health::kPostmasterStopped:
            return "postmaster stopped";
        case Health::kNotAccepting:
            return "starting or stopping";
        case Health::kNoSnapshot:
            return "no sample yet";
        case Health::kStale:
            break;
    }
    std::snprintf(text, sizeof(text), "no sample for %.0f s", model.snapshot_age_seconds);
    return text;
}

}  // namespace elile::exporter
