// A scrape's text is the same packed and plain, and each family of metrics is whole however many
// parts it is written in.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "exporter/collector.hpp"
#include "exporter/packed_text.hpp"

namespace elile::exporter {
namespace {

std::string Unpacked(const PackedText& packed) {
    std::string text;
    packed.Unpack([&](std::string_view part) {
        text += part;
        return true;
    });
    return text;
}

TEST(PackedText, IsTheSameUnpacked) {
    std::string whole;
    TextPacker packer;
    for (int line = 0; line < 100000; ++line) {
        const std::string part =
            "elile_db_queries_total{table=\"t" + std::to_string(line) + "\"}\n";
        packer.Append(part);
        whole += part;
    }
    const PackedText packed = packer.Finish();
    EXPECT_EQ(packed.bytes, whole.size());
    EXPECT_LT(packed.gzip.size(), whole.size() / 5);
    EXPECT_EQ(packed.gzip.substr(0, 2), "\x1f\x8b");
    EXPECT_TRUE(Unpacked(packed) == whole);
    // Whoever has enough gets no more.
    int parts = 0;
    packed.Unpack([&](std::string_view) { return ++parts < 2; });
    EXPECT_EQ(parts, 2);
}

TEST(PackedText, MayBeEmpty) {
    const PackedText packed = TextPacker().Finish();
    EXPECT_EQ(packed.bytes, 0U);
    EXPECT_EQ(Unpacked(packed), "");
}

TEST(AcceptsGzip, AsTheHeaderSays) {
    for (const char* header :
         {"gzip", "GZip", "deflate, gzip", "gzip;q=1.0", "br;q=0, gzip ; q=0.5", "*",
          "identity, *;q=0.1", "x-gzip", "\tgzip\t"}) {
        EXPECT_TRUE(AcceptsGzip(header)) << header;
    }
    for (const char* header : {"", "identity", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzipped",
                               "deflate", ",,;,", "gzip;q=", "not gzip"}) {
        EXPECT_FALSE(AcceptsGzip(header)) << header;
    }
}

Model ModelWith(int tables) {
    Model model;
    model.health = Health::kOk;
    for (int table = 0; table < tables; ++table) {
        core::SnapshotSeries values{};
        values.counted.queries = 3;
        values.counted.bucket[5] = 3;
        values.counted.total_ns = 1500000000;
        model.series.push_back(
            {"base", "t" + std::to_string(table), core::Operation::kSelect, values});
    }
    return model;
}

std::vector<std::string> LinesOf(const Model& model) {
    std::stringstream text;
    Collect(model, 0.5, [&](std::string_view part) { text << part; });
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) {
        lines.push_back(line);
    }
    return lines;
}

// Prometheus refuses a family that begins twice, and forgets its type where it is not said.
TEST(Collect, BeginsEachFamilyOnce) {
    for (const int tables : {0, 1, 99, 100, 101, 250}) {
        SCOPED_TRACE(tables);
        std::set<std::string> begun;
        std::map<std::string, int> counts;
        std::string family;
        for (const std::string& line : LinesOf(ModelWith(tables))) {
            if (line.rfind("# HELP ", 0) == 0) {
                family = line.substr(7, line.find(' ', 7) - 7);
                EXPECT_TRUE(begun.insert(family).second) << line;
            } else if (line.rfind("# TYPE ", 0) == 0) {
                EXPECT_EQ(line.rfind("# TYPE " + family + " ", 0), 0U) << line;
            } else {
                EXPECT_EQ(line.rfind(family, 0), 0U) << line;
                ++counts[family];
            }
        }
        EXPECT_EQ(begun.count("elile_db_query_duration_seconds"), 1U);
        EXPECT_EQ(counts["elile_db_queries_total"], tables);
        EXPECT_EQ(counts["elile_db_n_plus_one_total"], tables);
        EXPECT_EQ(counts["elile_db_query_duration_seconds"], tables * (core::kLatencyBuckets + 2));
    }
}

TEST(Collect, SaysNothingOfSeriesWhereNoSampleWasTaken) {
    Model model = ModelWith(1);
    model.health = Health::kNoSnapshot;
    for (const std::string& line : LinesOf(model)) {
        EXPECT_EQ(line.find("elile_db_"), std::string::npos) << line;
    }
}

}  // namespace
}  // namespace elile::exporter
