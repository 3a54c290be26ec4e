#include "exporter/latency_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "exporter/page_text.hpp"

namespace elile::exporter {
namespace {

using namespace page;

constexpr std::size_t kMostRows = 50;

// These lengths are in units of the picture.
constexpr double kPitch = 6;  // from bar to bar, which is an octave
constexpr double kBar = 5;
constexpr double kHeight = 24;
constexpr double kShortest = 1;
constexpr double kWidth = kPitch * core::kLatencyBuckets;

std::string Coordinate(double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed, 1);
    return {text, end.ptr};
}

// Returns the place on the x axis. The first and the last bucket have one open end and are drawn as
// one octave, like the others.
double PositionOf(double seconds) {
    constexpr double kLeftEdgeExponent = core::kFirstBoundExponent - 1;
    const double octaves = std::log2(std::max(seconds, 1e-9)) - kLeftEdgeExponent;
    return kPitch * std::clamp(octaves, 0.0, static_cast<double>(core::kLatencyBuckets));
}

std::string LineAt(std::string_view kind, double seconds) {
    return "<path class=\"" + std::string(kind) + "\" d=\"M" + Coordinate(PositionOf(seconds)) +
           " 0V" + Coordinate(kHeight) + "\"/>";
}

std::string Bars(const core::SeriesCounters& counted) {
    const std::uint64_t tallest = *std::max_element(counted.bucket.begin(), counted.bucket.end());
    std::string path;
    for (std::size_t at = 0; at < counted.bucket.size(); ++at) {
        if (counted.bucket[at] == 0) {
            continue;
        }
        const double share = static_cast<double>(counted.bucket[at]) / static_cast<double>(tallest);
        const double left = kPitch * static_cast<double>(at) + (kPitch - kBar) / 2;
        const std::string height = Coordinate(std::max(kShortest, share * kHeight));
        path.append("M").append(Coordinate(left)).append(" ").append(Coordinate(kHeight));
        path.append("v-").append(height).append("h").append(Coordinate(kBar));
        path.append("v").append(height).append("z");
    }
    return path;
}

std::string LatencyPicture(const core::SnapshotSeries& series, const std::string& title_html) {
    constexpr double kNsPerSecond = 1e9;
    std::string svg = "<svg class=\"latency\" role=\"img\" viewBox=\"0 0 " + Coordinate(kWidth) +
                      " " + Coordinate(kHeight + 1) + "\"><title>" + title_html + "</title>" +
                      LineAt("scale", 1e-3) + LineAt("scale", 1);
    svg += "<path class=\"scale\" d=\"M0 " + Coordinate(kHeight + 0.5) + "H" + Coordinate(kWidth) +
           "\"/>";
    const std::string bars = Bars(series.counted);
    if (!bars.empty()) {
        svg += "<path class=\"bars\" d=\"" + bars + "\"/>" +
               LineAt("p95", static_cast<double>(series.p95_ns) / kNsPerSecond);
    }
    return svg + "</svg>";
}

// Writes a count that is mostly zero; a zero is shown pale.
std::string Rare(std::uint64_t count) {
    return count == 0 ? Element("span", "class=\"zero\"", "0") : Count(count);
}

// Returns the bucket's bounds in words.
std::string RangeOf(int bucket) {
    const auto end = [](int at) { return Duration(std::ldexp(1, core::kFirstBoundExponent + at)); };
    if (bucket == 0) {
        return "up to " + end(0);
    }
    return bucket == core::kLatencyBounds ? "above " + end(bucket - 1)
                                          : end(bucket - 1) + " to " + end(bucket);
}

std::string PictureOf(const Series& series) {
    const auto& buckets = series.values.counted.bucket;
    const auto tallest = std::max_element(buckets.begin(), buckets.end());
    const std::string title =
        "Latencies of " +
        std::string(core::kOperationNames[static_cast<std::size_t>(series.operation)]) + " on " +
        (series.table.empty() ? "no table" : Escaped(series.table)) + ": most often " +
        RangeOf(static_cast<int>(tallest - buckets.begin())) + " (" + Count(*tallest) + " of " +
        Count(series.values.counted.queries) + "), p95 " + DurationOfNs(series.values.p95_ns);
    return LatencyPicture(series.values, title);
}

void AddSeries(Table& table, const Series& series, std::uint64_t total_ns) {
    const core::SnapshotSeries& values = series.values;
    const core::SeriesCounters& counted = values.counted;
    table.Row(std::array{
        Name(series.database), TableName(series.table),
        std::string(core::kOperationNames[static_cast<std::size_t>(series.operation)]),
        Count(counted.queries), Rare(counted.slow), Rare(counted.failed),
        MeanOfNs(counted.total_ns, counted.queries), DurationOfNs(values.p50_ns),
        DurationOfNs(values.p95_ns), DurationOfNs(values.p99_ns), DurationOfNs(values.max_ns),
        Percent(counted.total_ns, total_ns, 1), PictureOf(series)});
}

std::string Notes(const std::vector<Series>& all, std::size_t rows, std::size_t shown) {
    std::string notes;
    if (rows > shown) {
        notes += Note(Count(rows - shown) + " more are at <a href=\"/metrics\">/metrics</a>.");
    }
    if (std::any_of(all.begin(), all.end(), [](const Series& series) {
            return series.table == kOther || series.database == kOther;
        })) {
        notes += Note(
            "<em>other</em> is the sum of the tables, or databases, that have no series "
            "of their own.");
    }
    return notes + Note("A picture has one bar for each doubling of time, from " + RangeOf(0) +
                        " on the left to " + RangeOf(core::kLatencyBounds) +
                        " on the right, scaled to the row's tallest. Its faint lines are 1 ms and "
                        "1 s, its strong line is p95.");
}

}  // namespace

std::string LatencyTable(const std::vector<Series>& all) {
    constexpr std::array<Column, 13> kColumns = {{{"database", "database"},
                                                  {"table", "name", true},
                                                  {"operation", ""},
                                                  {"queries", "number queries"},
                                                  {"slow", "number"},
                                                  {"failed", "number"},
                                                  {"mean", "number"},
                                                  {"p50", "number late"},
                                                  {"p95", "number late"},
                                                  {"p99", "number late"},
                                                  {"max", "number late"},
                                                  {"time share", "number"},
                                                  {"latencies", "picture"}}};
    std::uint64_t total_ns = 0;
    std::vector<const Series*> rows;
    for (const Series& series : all) {
        if (series.values.counted.queries > 0) {
            rows.push_back(&series);
            total_ns += series.values.counted.total_ns;
        }
    }
    if (rows.empty()) {
        return "";
    }
    const auto order = [](const Series* series) {
        return std::tuple(~series->values.counted.total_ns, std::string_view(series->database),
                          std::string_view(series->table), series->operation);
    };
    std::sort(rows.begin(), rows.end(),
              [&](const Series* a, const Series* b) { return order(a) < order(b); });
    const std::size_t shown = std::min(rows.size(), kMostRows);
    Table table("cards wide pictured",
                "By the time that they took in all, since the statistics began", kColumns);
    for (std::size_t at = 0; at < shown; ++at) {
        AddSeries(table, *rows[at], total_ns);
    }
    return table.Html() + Notes(all, rows.size(), shown);
}

}  // namespace elile::exporter
