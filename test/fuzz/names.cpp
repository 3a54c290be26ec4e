#include "exporter/names.hpp"

#include <iconv.h>

#include <map>
#include <string>
#include <vector>

#include "exporter/collector.hpp"
#include "exporter/packed_text.hpp"
#include "exporter/page_text.hpp"
#include "exporter/status_page.hpp"
#include "fuzz/targets.hpp"

namespace elile::fuzz {
namespace {

using exporter::Model;

// By the C library's own reading.
bool IsUtf8(const std::string& text) {
    static const iconv_t conversion = iconv_open("UCS-4LE", "UTF-8");
    std::string out(4 * text.size() + 4, '\0');
    char* from = const_cast<char*>(text.data());
    char* to = out.data();
    std::size_t from_left = text.size();
    std::size_t to_left = out.size();
    iconv(conversion, nullptr, nullptr, nullptr, nullptr);
    return iconv(conversion, &from, &from_left, &to, &to_left) == 0 && from_left == 0;
}

// Every text of the model is one of the names.
Model ModelOf(const std::vector<std::string>& names) {
    const auto name = [&](std::size_t at) { return names[at % names.size()]; };
    Model model;
    model.health = exporter::Health::kOk;
    core::SnapshotSeries values{};
    values.counted.queries = 1;
    const std::string table = exporter::TableLabel(name(1), name(2));
    model.series.push_back({name(0), table, core::Operation::kSelect, values});
    model.sessions.push_back({name(0), name(3), core::SessionState::kIdle, 1});
    model.pools.push_back({name(0), name(3), 1, 2});
    model.indexes.push_back({name(0), table, name(4), true, 1, 2});
    model.index_ages.push_back({name(0), 1, 0});
    model.slowest.push_back({1, name(0), name(5), true, 1, 1, 1, 1, 1});
    model.n_plus_one.push_back({name(0), name(3), table, name(5), true, 1, 2, 3, 4});
    return model;
}

std::string MetricsOf(const Model& model) {
    std::string text;
    exporter::Collect(model, 0, [&](std::string_view part) { text += part; });
    return text;
}

// Reads a label's value as Prometheus does, and leaves `line` behind its closing quote.
std::string TakeValue(std::string_view& line) {
    std::string value;
    while (!line.empty() && line[0] != '"') {
        if (line[0] == '\\' && line.size() > 1) {
            Require(std::string_view("\\\"n").find(line[1]) != std::string_view::npos,
                    "metrics have no other escapes than Prometheus knows");
            value += line[1] == 'n' ? '\n' : line[1];
            line.remove_prefix(2);
        } else {
            value += line[0];
            line.remove_prefix(1);
        }
    }
    Require(!line.empty(), "a label's value ends");
    line.remove_prefix(1);
    return value;
}

// Reads a line name{label="value",...} number.
std::map<std::string, std::string> LabelsOf(std::string_view line) {
    constexpr std::string_view kNameCharacters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    std::map<std::string, std::string> labels;
    const std::size_t name = line.find_first_not_of(kNameCharacters);
    Require(name != 0 && name != std::string_view::npos, "a line begins with a metric's name");
    line.remove_prefix(name);
    while (!line.empty() && (line[0] == '{' || line[0] == ',')) {
        line.remove_prefix(1);
        const std::size_t equals = line.find("=\"");
        Require(equals != std::string_view::npos && equals > 0 &&
                    line.find_first_not_of(kNameCharacters) == equals,
                "a label has a name and a value");
        const std::string label(line.substr(0, equals));
        line.remove_prefix(equals + 2);
        labels[label] = TakeValue(line);
    }
    line.remove_prefix(line.starts_with('}') ? 1 : 0);
    Require(line.starts_with(' ') &&
                line.find_first_not_of(" 0123456789.e+-InfNa") == std::string_view::npos,
            "a line ends with a number");
    return labels;
}

void RequireLabels(const std::string& metrics, const Model& model) {
    bool has_table = false;
    bool has_index = false;
    bool has_application = false;
    for (std::string_view text = metrics; !text.empty();) {
        const std::size_t end = text.find('\n');
        Require(end != std::string_view::npos, "the last line of metrics ends");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (line.starts_with('#')) {
            continue;
        }
        auto labels = LabelsOf(line);
        has_table = has_table || (labels["table"] == model.series[0].table &&
                                  labels["database"] == model.series[0].database);
        has_index = has_index || labels["index"] == model.indexes[0].name;
        has_application = has_application || labels["application"] == model.pools[0].application;
    }
    Require(has_table && has_index && has_application, "names come back out of metrics");
}

std::size_t CountOf(const std::string& text, char c) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), c));
}

// A name makes no element and no attribute, whatever it is.
void RequirePage(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (name.empty() || name == exporter::kOther) {
            return;  // the page has words of its own for these
        }
    }
    const std::string page = exporter::RenderStatusPage(ModelOf(names), {true});
    const std::string plain =
        exporter::RenderStatusPage(ModelOf(std::vector<std::string>(names.size(), "x")), {true});
    for (const char mark : std::string_view("<>\"'")) {
        Require(CountOf(page, mark) == CountOf(plain, mark), "a name is text on the page");
    }
    Require(page.find('\0') == std::string::npos && IsUtf8(page), "the page is text");
}

}  // namespace

void TakeNames(Input input) {
    constexpr std::size_t kMostNames = 6;
    exporter::AcceptsGzip(std::string(input.Part()));
    std::vector<std::string> names;
    while (names.size() < kMostNames && !input.IsAtEnd()) {
        const std::string part(input.Part());
        char padded[core::kNameBytes] = {};
        std::memcpy(padded, part.data(), std::min(part.size(), sizeof(padded)));
        names.push_back(exporter::NameIn(padded, sizeof(padded)));
        const std::string name = exporter::ToUtf8(part);
        Require(IsUtf8(name) && exporter::ToUtf8(name) == name, "a label is in UTF-8");
        Require(!IsUtf8(part) || name == part, "what is in UTF-8 stays as it is");
        const std::string html = exporter::page::Escaped(name);
        Require(html.find_first_of("<>\"'") == std::string::npos, "no mark of HTML's stays");
    }
    if (!names.empty()) {
        const Model model = ModelOf(names);
        RequireLabels(MetricsOf(model), model);
        RequirePage(names);
    }
}

}  // namespace elile::fuzz
