#include "exporter/page_n_plus_one.hpp"

#include <algorithm>
#include <array>

#include "exporter/page_text.hpp"

namespace elile::exporter {
namespace {

using namespace page;

constexpr std::size_t kMostPatterns = 10;

std::string TableAndText(const NPlusOne& pattern, bool shows_queries) {
    std::string html = TableName(pattern.table);
    if (shows_queries && !pattern.child_text.empty()) {
        html += " " + Element("code", "", Escaped(pattern.child_text));
        if (pattern.text_is_cut) {
            html += Element("span", "class=\"note\"", "… cut here.");
        }
    }
    return html;
}

}  // namespace

std::string NPlusOnePatterns(const Model& model, bool shows_queries) {
    constexpr std::array<Column, 7> kColumns = {{{"database", "database"},
                                                 {"application", "name"},
                                                 {"asked one by one", "statement", true},
                                                 {"times", "number"},
                                                 {"runs each", "number"},
                                                 {"round trips too many", "number"},
                                                 {"in all", "number"}}};
    if (model.n_plus_one.empty()) {
        return "";
    }
    Table table("cards wide",
                "Most round trips first, of " + Count(model.n_plus_one.size()) + " patterns",
                kColumns);
    for (std::size_t at = 0; at < std::min(model.n_plus_one.size(), kMostPatterns); ++at) {
        const NPlusOne& pattern = model.n_plus_one[at];
        table.Row(std::array{Name(pattern.database), Name(pattern.application, "(no name)"),
                             TableAndText(pattern, shows_queries), Count(pattern.occurrences),
                             Significant(pattern.runs_each), Count(pattern.round_trips_saved),
                             Duration(pattern.total_seconds)});
    }
    return table.Html() + Note(
                              "A statement that ran once for each row of another one. The view "
                              "elile_optimize.n_plus_one says what to send instead.");
}

}  // namespace elile::exporter
