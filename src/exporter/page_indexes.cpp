#include "exporter/page_indexes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "exporter/page_text.hpp"

namespace elile::exporter {
namespace {

using namespace page;

constexpr std::size_t kMostIndexes = 10;
constexpr std::size_t kMostInvalid = 50;

std::string IndexTable(const std::vector<const Index*>& indexes, std::string_view caption,
                       std::size_t most) {
    constexpr std::array<Column, 5> kColumns = {{{"database", "database"},
                                                 {"table", "name"},
                                                 {"index", "name", true},
                                                 {"size", "number"},
                                                 {"scans", "number"}}};
    Table table("cards", caption, kColumns);
    for (std::size_t at = 0; at < std::min(indexes.size(), most); ++at) {
        const Index& index = *indexes[at];
        table.Row(std::array{
            Name(index.database), TableName(index.table),
            Name(index.name) + (index.is_valid ? "" : " <span class=\"bad\">invalid</span>"),
            Size(index.bytes),
            index.scans > 0 ? Count(index.scans) : Element("span", "class=\"warn\"", "never")});
    }
    return table.Html();
}

std::string IndexAges(const Model& model) {
    std::string ages;
    for (const IndexAge& age : model.index_ages) {
        ages += (ages.empty() ? "" : "; ") + Name(age.database) + " " + Duration(age.age_seconds) +
                " ago";
        if (age.left_out > 0) {
            ages += ", without " + Count(age.left_out) + " of its indexes";
        }
    }
    return ages.empty() ? "" : " Looked at in " + ages + ".";
}

std::vector<const Index*> IndexesWhere(const Model& model, bool (*matches)(const Index&)) {
    std::vector<const Index*> found;
    for (const Index& index : model.indexes) {
        if (matches(index)) {
            found.push_back(&index);
        }
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Index* a, const Index* b) { return a->bytes > b->bytes; });
    return found;
}

}  // namespace

std::string Indexes(const Model& model) {
    if (model.indexes.empty()) {
        return "";
    }
    std::string html;
    const auto invalid = IndexesWhere(model, [](const Index& index) { return !index.is_valid; });
    if (!invalid.empty()) {
        html += Alert("bad", Element("strong", "", "Invalid: " + Count(invalid.size())) +
                                 ". No query uses an invalid index, and every write may have to "
                                 "maintain it. One that is being built concurrently is invalid "
                                 "until it is done; drop or reindex any other.") +
                IndexTable(invalid, "Invalid indexes", kMostInvalid);
    }
    html += IndexTable(IndexesWhere(model, [](const Index&) { return true; }),
                       "The largest of " + Count(model.indexes.size()), kMostIndexes);
    const auto unused =
        IndexesWhere(model, [](const Index& index) { return index.is_valid && index.scans == 0; });
    html += Note("Valid ones that were never scanned" +
                 std::string(model.in_recovery ? " on this standby: " : ": ") +
                 Count(unused.size()) + "." + IndexAges(model));
    return html;
}

}  // namespace elile::exporter
