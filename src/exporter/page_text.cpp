#include "exporter/page_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <span>

#include "exporter/model.hpp"

namespace elile::exporter::page {
namespace {

std::string Grouped(std::string number) {
    const std::size_t first = number[0] == '-' ? 1 : 0;
    for (std::size_t at = std::min(number.find('.'), number.size()); at > first + 3;) {
        at -= 3;
        number.insert(at, 1, ',');
    }
    return number;
}

struct Unit {
    double size;
    std::string_view name;
    double from = size;  // smaller values are shown in the unit before
};
constexpr std::array<Unit, 6> kSeconds = {{{1e-6, "µs"},
                                           {1e-3, "ms"},
                                           {1, "s"},
                                           {60, "min", 120},
                                           {3600, "h", 7200},
                                           {86400, "d", 172800}}};
constexpr std::array<Unit, 4> kBytes = {
    {{0x1p10, "kB"}, {0x1p20, "MB"}, {0x1p30, "GB"}, {0x1p40, "TB"}}};

std::string InUnits(double value, std::span<const Unit> units) {
    std::size_t at = 0;
    double shown = value / units[0].size;
    while (at + 1 < units.size()) {
        // A value that would be rounded up to the next unit's beginning is shown in that unit.
        const Unit& next = units[at + 1];
        if (!(shown >= next.from / units[at].size - 0.5)) {
            break;
        }
        shown = std::max(value, next.from) / next.size;
        ++at;
    }
    return value == 0 ? "0" : Significant(shown) + " " + std::string(units[at].name);
}

}  // namespace

std::string Escaped(std::string_view text) {
    std::string html;
    html.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (const auto special = std::string_view("&<>\"'").find(c); special != text.npos) {
            constexpr std::array kEntities = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
            html += kEntities[special];
        } else if ((byte < ' ' && (byte < '\t' || byte > '\r')) || byte == 0x7F) {
            html += "\uFFFD";  // HTML does not allow this character
        } else {
            html += c;
        }
    }
    return html;
}

std::string Count(std::uint64_t count) { return Grouped(std::to_string(count)); }

// printf() would follow the server's locale.
std::string Fixed(double value, int decimals) {
    char text[400];  // room for any double
    const auto end =
        std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed, decimals);
    return Grouped({text, end.ptr});
}

std::string Significant(double value) {
    if (!std::isfinite(value)) {
        return std::string(kAbsent);
    }
    constexpr int kMostDecimals = 9;
    int decimals = 0;
    for (double size = std::abs(value); size < 99.95 && decimals < kMostDecimals; size *= 10) {
        ++decimals;
    }
    return value == 0 ? "0" : Fixed(value, decimals);
}

std::string Duration(double seconds) { return InUnits(seconds, kSeconds); }
std::string DurationOfNs(std::uint64_t ns) {
    constexpr double kNsPerSecond = 1e9;
    return Duration(static_cast<double>(ns) / kNsPerSecond);
}
std::string MeanOfNs(std::uint64_t total_ns, std::uint64_t queries) {
    return queries == 0 ? std::string(kAbsent) : DurationOfNs(total_ns / queries);
}
std::string Size(std::uint64_t bytes) { return InUnits(static_cast<double>(bytes), kBytes); }

std::string Percent(std::uint64_t part, std::uint64_t whole, int decimals) {
    if (part == 0 || whole == 0) {
        return "0 %";
    }
    const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
    const double least = std::pow(10, -decimals);
    return percent < least / 2 ? "&lt;" + Fixed(least, decimals) + " %"
                               : Fixed(percent, decimals) + " %";
}

std::string Utc(double unix_time) {
    constexpr double kYear3000 = 32503680000;
    if (!(unix_time > 0 && unix_time < kYear3000)) {
        return "unknown";
    }
    using namespace std::chrono;
    const sys_seconds time{seconds{static_cast<std::int64_t>(unix_time)}};
    const year_month_day date{floor<days>(time)};
    const hh_mm_ss clock{time - floor<days>(time)};
    const auto two = [](auto value) {
        const std::string digits = std::to_string(value);
        return digits.size() < 2 ? "0" + digits : digits;
    };
    const std::string day = std::to_string(static_cast<int>(date.year())) + "-" +
                            two(static_cast<unsigned>(date.month())) + "-" +
                            two(static_cast<unsigned>(date.day()));
    const std::string hour = two(clock.hours().count()) + ":" + two(clock.minutes().count()) + ":" +
                             two(clock.seconds().count());
    return "<time datetime=\"" + day + "T" + hour + "Z\">" + day + " " + hour + " UTC</time>";
}

std::string MetricValue(std::string_view name, double value) {
    constexpr double kMostExact = 0x1p53;
    if (name.ends_with("_timestamp_seconds")) {
        return Utc(value);
    }
    if (name.ends_with("_seconds") || name.ends_with("_seconds_total")) {
        return Duration(value);
    }
    if (name.ends_with("_bytes")) {
        return InUnits(value, kBytes);
    }
    const bool is_whole = std::abs(value) < kMostExact && std::trunc(value) == value;
    return is_whole ? Fixed(value, 0) : Significant(value);
}

std::string Name(std::string_view name, std::string_view without) {
    if (name.empty()) {
        return "<span class=\"note\">" + std::string(without) + "</span>";
    }
    return name == kOther ? "<em>other</em>" : "<bdi>" + Escaped(name) + "</bdi>";
}

std::string TableName(const std::string& table) { return Name(table, "(no table)"); }

std::string Element(std::string_view tag, std::string_view attributes, std::string_view html) {
    std::string element = "<" + std::string(tag);
    element += attributes.empty() ? "" : " " + std::string(attributes);
    return element.append(">").append(html).append("</").append(tag).append(">");
}

std::string Paragraph(std::string_view html) { return Element("p", "", html); }
std::string Note(std::string_view html) { return Element("p", "class=\"note\"", html); }
std::string Alert(std::string_view kind, std::string_view html) {
    return Element("p", "class=\"alert " + std::string(kind) + "\"", html);
}

Table::Table(std::string_view kind, std::string_view caption, std::span<const Column> columns)
    : columns_(columns) {
    html_ = "<table class=\"" + std::string(kind) + "\"><caption>" + std::string(caption) +
            "</caption><thead><tr>";
    for (const Column& column : columns) {
        html_ +=
            Element("th", "scope=\"col\" class=\"" + std::string(column.kind) + "\"", column.name);
    }
    html_ += "</tr></thead>\n<tbody>";
}

void Table::Row(std::span<const std::string> cells) {
    html_ += "<tr>";
    for (std::size_t at = 0; at < cells.size(); ++at) {
        const Column& column = columns_[at];
        const std::string kind = "class=\"" + std::string(column.kind) + "\"";
        html_ += column.is_heading
                     ? Element("th", "scope=\"row\" " + kind, cells[at])
                     : Element("td", kind + " data-label=\"" + std::string(column.name) + "\"",
                               cells[at]);
    }
    html_ += "</tr>\n";
}

}  // namespace elile::exporter::page
