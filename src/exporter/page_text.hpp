// How the status page writes names, numbers, times and tables. What is returned is HTML.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace elile::exporter::page {

inline constexpr std::string_view kAbsent = "–";

std::string Escaped(std::string_view text);

std::string Count(std::uint64_t count);
// The server's locale must not decide how a number looks: 1,234.5 everywhere.
std::string Fixed(double value, int decimals);
// Three significant figures; all of an integer part.
std::string Significant(double value);
// In the unit that suits it, from µs to days.
std::string Duration(double seconds);
std::string DurationOfNs(std::uint64_t ns);
std::string MeanOfNs(std::uint64_t total_ns, std::uint64_t queries);
std::string Size(std::uint64_t bytes);
std::string Percent(std::uint64_t part, std::uint64_t whole, int decimals);
std::string Utc(double unix_time);
// A metric's value; its name ends in its unit.
std::string MetricValue(std::string_view name, double value);

// A name, or in words why there is none.
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

// Rows are given cell by cell, each cell as HTML.
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
