// Writes names, numbers, times and tables for the status page. All functions return HTML.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace elile::exporter::page {

inline constexpr std::string_view kAbsent = "–";

std::string Escaped(std::string_view text);

std::string Count(std::uint64_t count);
// The number looks like 1,234.5 whatever the server's locale is.
std::string Fixed(double value, int decimals);
// Shows three significant figures, and all digits of the integer part.
std::string Significant(double value);
// Chooses a unit from µs to days that suits the duration.
std::string Duration(double seconds);
std::string DurationOfNs(std::uint64_t ns);
std::string MeanOfNs(std::uint64_t total_ns, std::uint64_t queries);
std::string Size(std::uint64_t bytes);
std::string Percent(std::uint64_t part, std::uint64_t whole, int decimals);
std::string Utc(double unix_time);
// Writes a metric's value in the unit with which the metric's name ends.
std::string MetricValue(std::string_view name, double value);

// Returns the name, or where it is empty the words `without`, which say why.
std::string Name(std::string_view name, std::string_view without = "(unknown)");
std::string TableName(const std::string& table);

std::string Element(std::string_view tag, std::string_view attributes, std::string_view html);
std::string Paragraph(std::string_view html);
std::string Note(std::string_view html);
std::string Alert(std::string_view kind, std::string_view html);

struct Column {
    std::string_view name;
    std::string_view kind;  // class of its cells
    bool is_heading = false;
};

// A table is filled cell by cell, each cell as HTML.
class Table {
public:
    Table(std::string_view kind, std::string_view caption, std::span<const Column> columns);

    void Row(std::span<const std::string> cells);
    std::string Html() const { return html_ + "</tbody></table>\n"; }

private:
    std::span<const Column> columns_;
    std::string html_;
};

}  // namespace elile::exporter::page
