// The status page says what the model has, and is a document whatever the model says.
#include "exporter/status_page.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace elile::exporter {
namespace {

constexpr PageOptions kWithTexts{true};
constexpr PageOptions kWithoutTexts{false};

Series SeriesOf(const std::string& table, std::uint64_t queries, std::uint64_t total_ns) {
    Series series{"appdb", table, core::Operation::kSelect, {}};
    series.values.counted.queries = queries;
    series.values.counted.total_ns = total_ns;
    series.values.counted.bucket[0] = queries;
    return series;
}

Model Fresh() {
    Model model;
    model.health = Health::kOk;
    model.snapshot_age_seconds = 0.25;
    model.stats_since = 1700000000;  // 2023-11-14 22:13:20 UTC
    model.server_start = 1700000000;
    model.server_version = 150020;
    model.max_connections = 100;
    return model;
}

// Each string has a tag of its own, to be found or missed one by one.
Model Hostile() {
    Model model = Fresh();
    const auto name = [](int at) { return "<x" + std::to_string(at) + " a=\"'&\n\x01\x7F>"; };
    model.series = {SeriesOf(name(0), 5, 1000), SeriesOf(kOther, 1, 10), SeriesOf("", 1, 10)};
    model.series[0].database = name(1);
    model.sessions = {{name(2), name(3), core::SessionState::kActive, 3},
                      {"", "", core::SessionState::kIdleInTransactionAborted, 1}};
    model.pools = {{name(4), name(5), 7, std::nullopt}};
    model.indexes = {{name(6), name(7), name(8), false, 0, 8192}};
    model.index_ages = {{name(9), 5, 2}};
    model.slowest = {{-1, name(10), name(11), true, 3, 0.5, 0.6, 0.7, 1.5}};
    model.n_plus_one = {{name(13), name(14), name(15), name(16), true, 3, 50, 147, 0.5}};
    model.own = {{"elile_a_total", "<x12 a=\"'&\n\x01\x7F>", true, 1}};
    return model;
}
constexpr int kHostileNames = 17;

int Times(const std::string& page, std::string_view what) {
    int times = 0;
    for (auto at = page.find(what); at != page.npos; at = page.find(what, at + what.size())) {
        ++times;
    }
    return times;
}

bool Has(const std::string& page, std::string_view what) { return Times(page, what) > 0; }

// From the section's heading to its end; empty if the page has none of that name.
std::string SectionOf(const std::string& page, const std::string& id) {
    const auto begin = page.find("<section aria-labelledby=\"" + id + "\">");
    return begin == page.npos ? "" : page.substr(begin, page.find("</section>", begin) - begin);
}

// The end of the tag that begins at `at`, past quoted attributes.
std::size_t EndOfTag(const std::string& page, std::size_t at) {
    bool is_quoted = false;
    while (at < page.size() && (is_quoted || page[at] != '>')) {
        is_quoted ^= page[at] == '"';
        ++at;
    }
    return at;
}

// The first tag that closes what is not open, or is not closed, in words; empty if all is well.
std::string FaultOf(const std::string& page) {
    const std::set<std::string> never_closed = {"!DOCTYPE", "meta", "link"};
    std::vector<std::string> open;
    for (auto at = page.find('<'); at != page.npos; at = page.find('<', at)) {
        const std::size_t end = EndOfTag(page, at);
        const std::string tag = page.substr(at + 1, end - at - 1);
        const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
        at = end;
        if (end == page.size()) {
            return "unended <" + name;
        }
        if (name[0] == '/') {
            if (open.empty() || "/" + open.back() != name) {
                return name + " closes " + (open.empty() ? "nothing" : open.back());
            }
            open.pop_back();
        } else if (tag.back() != '/' && never_closed.count(name) == 0) {
            open.push_back(name);
        }
    }
    return open.empty() ? "" : open.back() + " stays open";
}

TEST(StatusPage, EscapesAllThatTheModelSays) {
    const std::string page = RenderStatusPage(Hostile(), kWithTexts);
    for (int at = 0; at < kHostileNames; ++at) {
        const std::string tag = "x" + std::to_string(at) + " a=";
        EXPECT_FALSE(Has(page, "<" + tag)) << tag;
        EXPECT_TRUE(Has(page, "&lt;" + tag + "&quot;&#39;&amp;\n\uFFFD\uFFFD&gt;")) << tag;
    }
    EXPECT_TRUE(Has(page, "<title>Latencies of select on &lt;x0 a="));
}

TEST(StatusPage, IsWellFormedAndLoadsNothing) {
    Model stale = Hostile();
    stale.health = Health::kStale;
    for (const Model& model : {Model{}, Fresh(), Hostile(), stale}) {
        for (const PageOptions& options : {kWithTexts, kWithoutTexts}) {
            const std::string page = RenderStatusPage(model, options);
            EXPECT_EQ(FaultOf(page), "");
            EXPECT_EQ(page.rfind("<!DOCTYPE html>\n<html lang=\"en\">", 0), 0U);
            for (const char* bad : {"<script", "http:", "https:", "url(", "@import", " src="}) {
                EXPECT_FALSE(Has(page, bad)) << bad;
            }
            EXPECT_EQ(Times(page, "<table"), Times(page, "<caption>"));
            EXPECT_EQ(Times(page, "<th "), Times(page, "<th scope="));
            EXPECT_EQ(Times(page, "<svg"), Times(page, "role=\"img\""));
        }
    }
}

TEST(StatusPage, LinksToWhatItContainsAndToTheOtherPages) {
    const std::string page = RenderStatusPage(Hostile(), kWithTexts);
    for (const std::string id :
         {"load", "connections", "latency", "slowest", "loops", "indexes", "extension"}) {
        EXPECT_EQ(Times(page, "href=\"#" + id + "\""), 1) << id;
        EXPECT_EQ(Times(page, " id=\"" + id + "\""), 1) << id;
    }
    for (const std::string path : {"/metrics", "/healthz", "/readyz"}) {
        EXPECT_TRUE(Has(page, "<a href=\"" + path + "\">")) << path;
    }
    const std::string fresh = RenderStatusPage(Fresh(), kWithTexts);
    EXPECT_FALSE(Has(fresh, "#indexes"));
    EXPECT_FALSE(Has(fresh, "#extension"));
}

TEST(StatusPage, NamesTheServer) {
    Model model = Fresh();
    std::string page = RenderStatusPage(model, kWithTexts);
    EXPECT_TRUE(Has(page, "<h1>PostgreSQL 15.20<span class=\"role\">primary</span>"));
    EXPECT_TRUE(
        Has(page, "<time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13:20 UTC</time>"));
    model.server_version = 180001;
    model.in_recovery = true;
    page = RenderStatusPage(model, kWithTexts);
    EXPECT_TRUE(Has(page, "<h1>PostgreSQL 18.1<span class=\"role\">standby</span>"));
}

TEST(StatusPage, SaysHowItsFiguresAre) {
    const auto state = [](Health health) {
        Model model = Fresh();
        model.health = health;
        model.snapshot_age_seconds = 42.3;
        const std::string page = RenderStatusPage(model, kWithTexts);
        const auto begin = page.find("<strong class=\"state ");
        return page.substr(begin, page.find("</strong>", begin) - begin);
    };
    EXPECT_EQ(state(Health::kOk), "<strong class=\"state ok\">ok");
    EXPECT_EQ(state(Health::kNoSnapshot), "<strong class=\"state warn\">no sample yet");
    EXPECT_EQ(state(Health::kStale), "<strong class=\"state bad\">sample is 42.3 s old");
    EXPECT_EQ(state(Health::kPostmasterStopped), "<strong class=\"state bad\">postmaster stopped");
    EXPECT_EQ(state(Health::kNotAccepting), "<strong class=\"state warn\">starting or stopping");
}

TEST(StatusPage, WithoutASampleShowsNoFigures) {
    const std::string page = RenderStatusPage(Model{}, kWithTexts);
    EXPECT_TRUE(Has(page, "Nothing is known of this server until"));
    EXPECT_FALSE(Has(page, "<section"));
    EXPECT_FALSE(Has(page, "1970"));
    EXPECT_FALSE(Has(page, "primary"));
}

TEST(StatusPage, OfAFreshServerHasSentencesForTables) {
    Model model = Fresh();
    model.series = {SeriesOf("users", 0, 0)};
    const std::string page = RenderStatusPage(model, kWithTexts);
    EXPECT_FALSE(Has(page, "<table"));
    for (const std::string id : {"latency", "slowest"}) {
        EXPECT_TRUE(Has(SectionOf(page, id), "No statement has been counted since <time")) << id;
    }
    EXPECT_TRUE(Has(SectionOf(page, "connections"), "0 of 100 connections"));
    EXPECT_TRUE(Has(SectionOf(page, "connections"), "No client was connected."));
    EXPECT_EQ(Times(SectionOf(page, "load"), "–<small> / s</small>"), 3);
}

TEST(StatusPage, AddsUpTheLoad) {
    Model model = Fresh();
    model.series = {SeriesOf("users", 12345678, 12345678 * 1000000ULL), SeriesOf("", 22, 0)};
    model.series[0].values.counted.slow = 123457;
    model.series[0].values.counted.failed = 3;
    model.series[1].values.max_ns = 2500000000;
    model.queries_per_second = 2143.7;
    model.slow_per_second = 0.0;
    model.failed_per_second = 0.01666;
    const std::string load = SectionOf(RenderStatusPage(model, kWithTexts), "load");
    for (const char* what :
         {">2,144<small>", "12,345,700 in all", ">0<small>", "123,457 in all, 1.00 %",
          ">0.0167<small>", "3 in all, &lt;0.01 %", ">1.00 ms<", "3.43 h in all, longest 2.50 s"}) {
        EXPECT_TRUE(Has(load, what)) << what << " in " << load;
    }
}

TEST(StatusPage, TellsTimesInThreeFiguresOfTheUnitThatSuits) {
    const std::vector<std::pair<std::uint64_t, std::string>> expected = {
        {0, "0"},
        {350, "0.350 µs"},
        {9994, "9.99 µs"},
        {9996, "10.0 µs"},
        {999499, "999 µs"},
        {999600, "1.00 ms"},
        {12345678, "12.3 ms"},
        {64000000000, "64.0 s"},
        {119400000000, "119 s"},
        {119600000000, "2.00 min"},
        {150000000000, "2.50 min"},
        {9000000000000, "2.50 h"},
        {864000000000000, "10.0 d"}};
    for (const auto& [ns, text] : expected) {
        Model model = Fresh();
        model.series = {SeriesOf("users", 1, 1)};
        model.series[0].values.p99_ns = ns;
        EXPECT_TRUE(
            Has(RenderStatusPage(model, kWithTexts), "data-label=\"p99\">" + text + "</td>"))
            << text;
    }
}

TEST(StatusPage, ShowsTheFiftySeriesThatTookMost) {
    Model model = Fresh();
    constexpr int kSeries = 73;
    for (int at = 0; at < kSeries; ++at) {
        model.series.push_back(SeriesOf("t" + std::to_string(at), 1, 1000 + at));
    }
    const std::string latency = SectionOf(RenderStatusPage(model, kWithTexts), "latency");
    EXPECT_EQ(Times(latency, "<th scope=\"row\""), 50);
    EXPECT_LT(latency.find("<bdi>t72</bdi>"), latency.find("<bdi>t71</bdi>"));
    EXPECT_TRUE(Has(latency, "<bdi>t23</bdi>"));
    EXPECT_FALSE(Has(latency, "<bdi>t22</bdi>"));
    EXPECT_TRUE(Has(latency, "23 more are at <a href=\"/metrics\">"));
    model.series.resize(50);
    EXPECT_FALSE(Has(SectionOf(RenderStatusPage(model, kWithTexts), "latency"), "more are at"));
}

TEST(StatusPage, SaysWhatHasNoTableAndWhatIsSummed) {
    Model model = Fresh();
    model.series = {SeriesOf("", 1, 1)};
    std::string latency = SectionOf(RenderStatusPage(model, kWithTexts), "latency");
    EXPECT_TRUE(Has(latency, ">(no table)<"));
    EXPECT_FALSE(Has(latency, "is the sum of"));
    model.series.push_back(SeriesOf(kOther, 1, 1));
    latency = SectionOf(RenderStatusPage(model, kWithTexts), "latency");
    EXPECT_TRUE(Has(latency, "<em>other</em> is the sum of the tables"));
}

TEST(StatusPage, DrawsLatencies) {
    Model model = Fresh();
    model.series = {SeriesOf("users", 1000, 1000)};
    core::SnapshotSeries& values = model.series[0].values;
    values.counted.bucket = {};
    values.counted.bucket[13] = 996;  // 0.5 s to 1 s
    values.counted.bucket[20] = 4;    // above 64 s
    values.p95_ns = 1000000000;
    const std::string latency = SectionOf(RenderStatusPage(model, kWithTexts), "latency");
    EXPECT_TRUE(Has(latency,
                    "<path class=\"bars\" d=\"M78.5 24.0v-24.0h5.0v24.0z"
                    "M120.5 24.0v-1.0h5.0v1.0z\"/>"));
    EXPECT_TRUE(Has(latency, "<path class=\"p95\" d=\"M84.0 0V24.0\"/>"));
    EXPECT_TRUE(Has(latency,
                    "<title>Latencies of select on users: most often 500 ms to 1.00 s "
                    "(996 of 1,000), p95 1.00 s</title>"));
}

TEST(StatusPage, SumsSessionsByStateAndSmallGroups) {
    Model model = Fresh();
    model.max_connections = 200;
    constexpr std::uint32_t kGroups = 15;
    for (std::uint32_t at = 1; at <= kGroups; ++at) {
        model.sessions.push_back({"appdb", "app" + std::to_string(at),
                                  at == kGroups ? core::SessionState::kActive
                                                : core::SessionState::kIdleInTransactionAborted,
                                  at});
    }
    const std::string section = SectionOf(RenderStatusPage(model, kWithTexts), "connections");
    EXPECT_TRUE(Has(section, "<strong>120 of 200 connections</strong> in use by clients, 60.0 %"));
    EXPECT_TRUE(Has(section, "15 active, 105 idle in transaction (aborted)</title>"));
    EXPECT_TRUE(Has(section, "<rect class=\"active\" x=\"0\" width=\"15\""));
    EXPECT_TRUE(Has(section, "<rect class=\"idle-in-transaction-aborted\" x=\"15\" width=\"105\""));
    EXPECT_EQ(Times(section, "<th scope=\"row\""), 13);
    EXPECT_FALSE(Has(section, "<bdi>app3</bdi>"));
    const auto rest = section.find("3 more groups");
    ASSERT_NE(rest, section.npos);
    EXPECT_NE(section.find("data-label=\"sessions\">6</td>", rest), section.npos);
}

TEST(StatusPage, ShowsPoolsAsReported) {
    Model model = Fresh();
    EXPECT_FALSE(Has(RenderStatusPage(model, kWithTexts), "Pools"));
    model.pools = {{"appdb", "api", 12, std::nullopt}};
    const std::string section = SectionOf(RenderStatusPage(model, kWithTexts), "connections");
    EXPECT_TRUE(Has(section, "data-label=\"active\">12</td>"));
    EXPECT_TRUE(Has(section, "data-label=\"size\">–</td>"));
}

TEST(StatusPage, ShowsTextsOnlyWhereTheyMayBe) {
    Model model = Fresh();
    model.slowest = {{77, "appdb", "select\n  secret_column", true, 1234, 0.5, 0.6, 0.7, 617},
                     {78, "appdb", "select 2", false, 1, 0.4, 0.4, 0.4, 0.4}};
    const std::string shown = SectionOf(RenderStatusPage(model, kWithTexts), "slowest");
    EXPECT_TRUE(Has(shown, "<code>select\n  secret_column</code>"));
    EXPECT_EQ(Times(shown, "cut here"), 1);
    EXPECT_TRUE(Has(shown, "queryid 77"));
    const std::string page = RenderStatusPage(model, kWithoutTexts);
    EXPECT_FALSE(Has(page, "secret_column"));
    EXPECT_FALSE(Has(page, "queryid"));
    EXPECT_TRUE(Has(page,
                    "Statement texts are shown only behind authentication "
                    "(elile_optimize.metrics_auth_file) or with "
                    "elile_optimize.metrics_show_queries on."));
}

TEST(StatusPage, FoldsWhatIsNotTheApplicationsIntoOneRow) {
    Model model = Fresh();
    model.other_origins = {12, 3400, 0.9, 34};
    std::string section = SectionOf(RenderStatusPage(model, kWithTexts), "slowest");
    EXPECT_TRUE(Has(section, "the extension itself: 12"));
    EXPECT_TRUE(Has(section, "data-label=\"calls\">3,400</td>"));
    EXPECT_TRUE(Has(section, "data-label=\"mean\">10.0 ms</td>"));
    model.slowest = {{77, "appdb", "select 1", false, 10, 0.5, 0.6, 0.7, 5}};
    section = SectionOf(RenderStatusPage(model, kWithTexts), "slowest");
    EXPECT_LT(section.find("<code>select 1</code>"), section.find("the extension itself: 12"));
    model.other_origins = {};
    section = SectionOf(RenderStatusPage(model, kWithTexts), "slowest");
    EXPECT_FALSE(Has(section, "the extension itself"));
    EXPECT_FALSE(Has(RenderStatusPage(model, kWithoutTexts), "select 1"));
}

TEST(StatusPage, ListsWhatIsAskedOneByOne) {
    Model model = Fresh();
    EXPECT_FALSE(Has(RenderStatusPage(model, kWithTexts), "id=\"loops\""));
    for (int at = 0; at < 12; ++at) {
        model.n_plus_one.push_back(
            {"appdb", "shop", "profiles", "select secret_column", at == 0, 3, 50, 147, 0.5});
    }
    std::string section = SectionOf(RenderStatusPage(model, kWithTexts), "loops");
    EXPECT_EQ(Times(section, "<code>select secret_column</code>"), 10);
    EXPECT_EQ(Times(section, "cut here"), 1);
    EXPECT_TRUE(Has(section, "of 12 patterns"));
    section = SectionOf(RenderStatusPage(model, kWithoutTexts), "loops");
    EXPECT_FALSE(Has(section, "secret_column"));
    EXPECT_EQ(Times(section, "profiles"), 10);
    EXPECT_TRUE(Has(section, "data-label=\"round trips too many\">147</td>"));
}

TEST(StatusPage, WarnsOfIndexesFirst) {
    Model model = Fresh();
    for (int at = 0; at < 12; ++at) {
        model.indexes.push_back({"appdb", "users", "i" + std::to_string(at), true,
                                 at == 11 ? 0ULL : 5ULL, (at + 1) * 8192ULL});
    }
    model.index_ages = {{"appdb", 90, 31}};
    std::string section = SectionOf(RenderStatusPage(model, kWithTexts), "indexes");
    EXPECT_FALSE(Has(section, "invalid"));
    EXPECT_EQ(Times(section, "<th scope=\"row\""), 10);
    EXPECT_FALSE(Has(section, "<bdi>i1</bdi>"));
    EXPECT_TRUE(
        Has(section, "<bdi>i11</bdi></th><td class=\"number\" data-label=\"size\">96.0 kB"));
    EXPECT_EQ(Times(section, ">never<"), 1);
    EXPECT_TRUE(Has(section, "90.0 s ago, without 31 of its indexes."));

    model.indexes[0].is_valid = false;
    section = SectionOf(RenderStatusPage(model, kWithTexts), "indexes");
    EXPECT_TRUE(Has(section, "<strong>Invalid: 1</strong>"));
    EXPECT_LT(section.find("<bdi>i0</bdi>"), section.find("<bdi>i11</bdi>"));
}

TEST(StatusPage, TellsItsOwnFiguresInTheirUnits) {
    Model model = Fresh();
    model.own = {{"elile_x_total", "Things.", true, 1234567},
                 {"elile_x_seconds", "Time.", false, 0.00132},
                 {"elile_x_bytes", "Memory.", false, 67108864},
                 {"elile_x_timestamp_seconds", "When.", false, 1700000000},
                 {"elile_x_ratio", "Part.", false, 0.12345}};
    const std::string section = SectionOf(RenderStatusPage(model, kWithTexts), "extension");
    for (const char* what : {">1,234,567<", ">1.32 ms<", ">64.0 MB<", ">2023-11-14 22:13:20 UTC<",
                             ">0.123<", "elile_x_ratio", ">Part.<"}) {
        EXPECT_TRUE(Has(section, what)) << what;
    }
}

}  // namespace
}  // namespace elile::exporter
