#include "exporter/status_page.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "exporter/latency_table.hpp"
#include "exporter/page_indexes.hpp"
#include "exporter/page_n_plus_one.hpp"
#include "exporter/page_style.hpp"
#include "exporter/page_text.hpp"

namespace elile::exporter {
namespace {

using namespace page;

constexpr std::size_t kMostGroups = 12;

double Now() {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(since_1970).count();
}

struct Totals {
    std::uint64_t queries = 0;
    std::uint64_t slow = 0;
    std::uint64_t failed = 0;
    std::uint64_t total_ns = 0;
    std::uint64_t max_ns = 0;
};

Totals TotalsOf(const Model& model) {
    Totals totals;
    for (const Series& series : model.series) {
        const core::SeriesCounters& counted = series.values.counted;
        totals.queries += counted.queries;
        totals.slow += counted.slow;
        totals.failed += counted.failed;
        totals.total_ns += counted.total_ns;
        totals.max_ns = std::max(totals.max_ns, series.values.max_ns);
    }
    return totals;
}

std::string NothingCounted(const Model& model) {
    return Paragraph("No statement has been counted since " + Utc(model.stats_since) + ".");
}

std::string ServerName(const Model& model) {
    constexpr int kMajor = 10000;
    std::string name = "PostgreSQL";
    if (model.server_version >= kMajor) {
        name += " " + std::to_string(model.server_version / kMajor) + "." +
                std::to_string(model.server_version % kMajor);
    }
    return name;
}

struct Verdict {
    std::string_view kind;  // ok, warn or bad
    std::string words;
    std::string_view consequence;
};

Verdict VerdictOf(const Model& model) {
    switch (model.health) {
        case Health::kOk:
            return {"ok", "ok", ""};
        case Health::kNoSnapshot:
            return {"warn", "no sample yet",
                    "Nothing is known of this server until the keeper has taken a sample, which it "
                    "does once a second."};
        case Health::kStale:
            return {"bad", "sample is " + Duration(model.snapshot_age_seconds) + " old",
                    "The keeper no longer takes a sample every second. What follows was so when it "
                    "took the last one."};
        case Health::kPostmasterStopped:
            return {"bad", "postmaster stopped",
                    "The postmaster is stopped, by a signal or a debugger: open sessions go on, "
                    "none can begin."};
        case Health::kNotAccepting:
            return {"warn", "starting or stopping",
                    "The server is starting, recovering or stopping: no session can begin."};
    }
    return {"bad", "unknown", ""};
}

std::string Fact(std::string_view name, std::string_view html) {
    return "<div>" + Element("dt", "", name) + Element("dd", "", html) + "</div>";
}

std::string Header(const Model& model, const Verdict& verdict) {
    const double now = Now();
    const bool has_sample = model.health != Health::kNoSnapshot;
    std::string html = "<header><h1>" + ServerName(model);
    if (has_sample) {
        html += Element("span", "class=\"role\"", model.in_recovery ? "standby" : "primary");
    }
    html += Element("strong", "class=\"state " + std::string(verdict.kind) + "\"", verdict.words) +
            "</h1>\n<dl class=\"facts\">";
    if (has_sample) {
        html += Fact("Up since", Utc(model.server_start)) +
                Fact("Statistics since", Utc(model.stats_since)) +
                Fact("Sample", Duration(model.snapshot_age_seconds) + " old, taken in " +
                                   Duration(model.taking_seconds));
    }
    html += Fact("Page made", Utc(now) + " <a class=\"reload\" href=\"\">Reload</a>") + "</dl>\n";
    if (!verdict.consequence.empty()) {
        html += Alert(verdict.kind, verdict.consequence);
    }
    return html + "</header>\n";
}

std::string Figure(std::string_view name, std::string_view html, std::string_view detail) {
    return "<div>" + Element("dt", "", name) + Element("dd", "", html) +
           Element("dd", "class=\"note\"", detail) + "</div>";
}

std::string Rate(const std::optional<double>& per_second) {
    return (per_second ? Significant(*per_second) : std::string(kAbsent)) + "<small> / s</small>";
}

std::string Load(const Model& model) {
    const Totals totals = TotalsOf(model);
    const auto share = [&](std::uint64_t count) {
        return Count(count) + " in all, " + Percent(count, totals.queries, 2);
    };
    std::string html = "<dl class=\"figures\">";
    html += Figure("Queries", Rate(model.queries_per_second), Count(totals.queries) + " in all");
    html += Figure("Slow", Rate(model.slow_per_second), share(totals.slow));
    html += Figure("Failed", Rate(model.failed_per_second), share(totals.failed));
    html +=
        Figure("Mean time", MeanOfNs(totals.total_ns, totals.queries),
               DurationOfNs(totals.total_ns) + " in all, longest " + DurationOfNs(totals.max_ns));
    html += "</dl>\n" + Note("Rates are over about the last minute" +
                             std::string(model.queries_per_second ? "" : ", from two samples on") +
                             "; all else is since the statistics began. Failed queries are among "
                             "the queries, and slow ones may be among the failed.");
    return html;
}

// Returns the state's class in the style sheet.
std::string ClassOf(core::SessionState state) {
    std::string kind;
    for (const char c : core::kSessionStateNames[static_cast<std::size_t>(state)]) {
        if (c != '(' && c != ')') {
            kind += c == ' ' ? '-' : c;
        }
    }
    return kind;
}

// Draws a bar of all sessions that the server lets in, with a part for each state, and says the
// same in words.
std::string SessionBar(const Model& model) {
    // The most important state is leftmost.
    constexpr std::array kOrder = {core::SessionState::kActive,
                                   core::SessionState::kFastpath,
                                   core::SessionState::kIdleInTransaction,
                                   core::SessionState::kIdleInTransactionAborted,
                                   core::SessionState::kIdle,
                                   core::SessionState::kUnknown};
    std::array<std::uint64_t, core::kSessionStates> by_state{};
    std::uint64_t all = 0;
    for (const Sessions& sessions : model.sessions) {
        by_state[static_cast<std::size_t>(sessions.state)] += sessions.count;
        all += sessions.count;
    }
    std::string bars;
    std::string key;
    std::string words;
    std::uint64_t begin = 0;
    for (const core::SessionState state : kOrder) {
        const std::uint64_t count = by_state[static_cast<std::size_t>(state)];
        if (count == 0) {
            continue;
        }
        const std::string named =
            Count(count) + " " + std::string(core::kSessionStateNames[static_cast<int>(state)]);
        const std::string kind = "class=\"" + ClassOf(state);
        bars += "<rect " + kind + "\" x=\"" + std::to_string(begin) + "\" width=\"" +
                std::to_string(count) + "\" height=\"1\"/>";
        key += "<li><span class=\"key " + ClassOf(state) + "\"></span>" + named + "</li>";
        words += ", " + named;
        begin += count;
    }
    const std::string sum = Count(all) + " of " + Count(model.max_connections) + " connections";
    return Paragraph(Element("strong", "", sum) + " in use by clients, " +
                     Percent(all, model.max_connections, 1)) +
           "<svg class=\"sessions\" role=\"img\" preserveAspectRatio=\"none\" viewBox=\"0 0 " +
           std::to_string(std::max<std::uint64_t>({all, model.max_connections, 1})) +
           " 1\"><title>" + sum + words + "</title>" + bars + "</svg>\n" +
           (key.empty() ? "" : "<ul class=\"facts\">" + key + "</ul>\n");
}

std::string GroupTable(const Model& model) {
    constexpr std::array<Column, 4> kColumns = {{{"database", "database"},
                                                 {"application", "name", true},
                                                 {"state", ""},
                                                 {"sessions", "number"}}};
    std::vector<Sessions> groups = model.sessions;
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Sessions& a, const Sessions& b) { return a.count > b.count; });
    Table table("", "Sessions that are alike, largest groups first", kColumns);
    std::uint64_t rest = 0;
    for (std::size_t at = 0; at < groups.size(); ++at) {
        const Sessions& group = groups[at];
        if (at >= kMostGroups) {
            rest += group.count;
            continue;
        }
        table.Row(
            std::array{Name(group.database), Name(group.application, "(no name)"),
                       std::string(core::kSessionStateNames[static_cast<std::size_t>(group.state)]),
                       Count(group.count)});
    }
    if (groups.size() > kMostGroups) {
        const std::string others = Count(groups.size() - kMostGroups) + " more groups";
        table.Row(std::array{std::string(), Element("span", "class=\"note\"", others),
                             std::string(), Count(rest)});
    }
    const bool has_other = std::any_of(groups.begin(), groups.end(), [](const Sessions& group) {
        return group.database == kOther || group.application == kOther;
    });
    return table.Html() +
           (has_other ? Note("<em>other</em> is the sum of what has no line of its own.") : "");
}

std::string PoolTable(const Model& model) {
    constexpr std::array<Column, 4> kColumns = {{{"database", "database"},
                                                 {"application", "name", true},
                                                 {"active", "number"},
                                                 {"size", "number"}}};
    const auto figure = [](const std::optional<std::uint64_t>& value) {
        return value ? Count(*value) : std::string(kAbsent);
    };
    Table table("", "Pools, as their applications report them", kColumns);
    for (const Pool& pool : model.pools) {
        table.Row(std::array{Name(pool.database), Name(pool.application, "(no name)"),
                             figure(pool.active_connections), figure(pool.size)});
    }
    return table.Html();
}

std::string Connections(const Model& model) {
    std::string tables = model.sessions.empty() ? "" : Element("div", "", GroupTable(model));
    tables += model.pools.empty() ? "" : Element("div", "", PoolTable(model));
    return SessionBar(model) + (tables.empty() ? Note("No client was connected.")
                                               : Element("div", "class=\"side\"", tables));
}

std::string Latency(const Model& model) {
    const std::string table = LatencyTable(model.series);
    return table.empty() ? NothingCounted(model) : table;
}

// What the page itself, monitoring and dumps ask hides nothing that the application does.
void AddOtherOrigins(const OtherOrigins& others, Table& table) {
    if (others.calls == 0) {
        return;
    }
    const double mean = others.total_seconds / static_cast<double>(others.calls);
    table.Row(std::array{std::string(kAbsent),
                         Element("span", "class=\"note\"",
                                 "statements on the catalogue and on the extension itself: " +
                                     Count(others.statements)),
                         Count(others.calls), Duration(mean), std::string(kAbsent),
                         Duration(others.max_seconds), Duration(others.total_seconds)});
}

std::string Slowest(const Model& model, const PageOptions& options) {
    constexpr std::array<Column, 7> kColumns = {{{"database", "database"},
                                                 {"statement", "statement", true},
                                                 {"calls", "number"},
                                                 {"mean", "number"},
                                                 {"p95", "number"},
                                                 {"max", "number"},
                                                 {"in all", "number"}}};
    if (!options.shows_queries) {
        return Paragraph(
            "Statement texts are shown only behind authentication "
            "(elile_optimize.metrics_auth_file) or with "
            "elile_optimize.metrics_show_queries on.");
    }
    if (model.slowest.empty() && model.other_origins.calls == 0) {
        return NothingCounted(model);
    }
    Table table("cards wide", "By time in all", kColumns);
    for (const Statement& statement : model.slowest) {
        std::string text = statement.text.empty() ? Element("span", "class=\"note\"", "(no text)")
                                                  : Element("code", "", Escaped(statement.text));
        if (statement.text_is_cut) {
            text += Element("span", "class=\"note\"", "… cut here. ");
        }
        text += Element("span", "class=\"note\"", "queryid " + std::to_string(statement.queryid));
        table.Row(std::array{Name(statement.database), text, Count(statement.calls),
                             Duration(statement.mean_seconds), Duration(statement.p95_seconds),
                             Duration(statement.max_seconds), Duration(statement.total_seconds)});
    }
    AddOtherOrigins(model.other_origins, table);
    return table.Html();
}

std::string Own(const Model& model) {
    if (model.own.empty()) {
        return "";
    }
    std::string html = "<dl class=\"own\">";
    for (const OwnFigure& figure : model.own) {
        html += "<div>" + Element("dt", "", Element("code", "", Escaped(figure.name))) +
                Element("dd", figure.value == 0 ? "class=\"number zero\"" : "class=\"number\"",
                        MetricValue(figure.name, figure.value)) +
                Element("dd", "class=\"note\"", Escaped(figure.help)) + "</div>\n";
    }
    return html + "</dl>\n";
}

struct Part {
    std::string id;
    std::string heading;
    std::string html;
};

std::string Contents(const std::vector<Part>& parts) {
    if (parts.empty()) {
        return "";
    }
    std::string items;
    for (const Part& part : parts) {
        items += "<li><a href=\"#" + part.id + "\">" + part.heading + "</a></li>";
    }
    return Element("nav", "aria-label=\"Contents\"", Element("ul", "class=\"facts\"", items)) +
           "\n";
}

constexpr std::string_view kFooter =
    "<footer><nav aria-label=\"The same for machines\"><ul class=\"facts\">"
    "<li><a href=\"/metrics\">/metrics</a> for Prometheus</li>"
    "<li><a href=\"/healthz\">/healthz</a></li>"
    "<li><a href=\"/readyz\">/readyz</a></li></ul></nav></footer>\n";

}  // namespace

std::string RenderStatusPage(const Model& model, const PageOptions& options) {
    const Verdict verdict = VerdictOf(model);
    std::vector<Part> parts;
    if (model.health != Health::kNoSnapshot) {
        parts.push_back({"load", "Load", Load(model)});
        parts.push_back({"connections", "Connections", Connections(model)});
        parts.push_back({"latency", "Latency by operation and table", Latency(model)});
        parts.push_back({"slowest", "Slowest statements", Slowest(model, options)});
        parts.push_back(
            {"loops", "Asked one by one", NPlusOnePatterns(model, options.shows_queries)});
        parts.push_back({"indexes", "Indexes", Indexes(model)});
    }
    parts.push_back({"extension", "The extension itself", Own(model)});
    std::erase_if(parts, [](const Part& part) { return part.html.empty(); });

    std::string html =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\">"
        "<link rel=\"icon\" href=\"data:,\">";
    html += Element("title", "", ServerName(model) + ": " + verdict.words + " – elile_optimize");
    html += Element("style", "", kPageStyle) + "</head>\n<body>\n" + Header(model, verdict);
    html += Contents(parts) + "<main>\n";
    for (const Part& part : parts) {
        html += "<section aria-labelledby=\"" + part.id + "\">" +
                Element("h2", "id=\"" + part.id + "\"", part.heading) + "\n" + part.html +
                "</section>\n";
    }
    return html + "</main>\n" + std::string(kFooter) + "</body></html>\n";
}

}  // namespace elile::exporter
