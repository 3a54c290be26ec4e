// What is published is whole, and a series' counters only grow or begin again all together.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <span>
#include <thread>
#include <vector>

#include "core/shared/published.hpp"
#include "core/snapshot/series.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

constexpr std::uint64_t kSecondNs = 1000000000;
const ResourceUse kNoUse{};

TEST(Published, ReadsNothingBeforeTheFirstWriting) {
    std::array<char, 12> copy{};
    Published block;
    const PartMemory memory(block, copy.size());
    EXPECT_FALSE(block.Read(copy.data()));
    block.Write("elevenbytes");
    ASSERT_TRUE(block.Read(copy.data()));
    EXPECT_STREQ(copy.data(), "elevenbytes");
}

TEST(Published, IsNeverSeenHalfWritten) {
    constexpr std::size_t kWords = 512;
    Published block;
    const PartMemory memory(block, kWords * 8);
    std::thread writer([&] {
        std::vector<std::uint64_t> data(kWords);
        for (std::uint64_t round = 1; round <= 3000; ++round) {
            data.assign(kWords, round);
            block.Write(data.data());
        }
    });
    std::vector<std::uint64_t> copy(kWords);
    std::uint64_t last = 0;
    while (last < 3000) {
        if (block.Read(copy.data())) {
            EXPECT_EQ(copy, std::vector<std::uint64_t>(kWords, copy[0]));
            EXPECT_GE(copy[0], last);
            last = copy[0];
        }
    }
    writer.join();
}

TEST(Published, GoesOnAfterAWriterThatDiedInItsFirstWriting) {
    std::uint64_t copy = 0;
    Published block;
    const PartMemory memory(block, sizeof(copy));
    memory.Again().Take<Published::Sequence>()->Begin();
    EXPECT_FALSE(block.Read(&copy));
    const std::uint64_t data = 42;
    block.Write(&data);
    ASSERT_TRUE(block.Read(&copy));
    EXPECT_EQ(copy, 42U);
}

TEST(Published, ReadsWhatWasWholeWhileTheWriterIsStopped) {
    constexpr std::uint64_t kHalfWritten = 13;
    std::uint64_t copy = 0;
    Published block;
    const PartMemory memory(block, sizeof(copy));
    Carver again = memory.Again();
    Published::Sequence& sequence = *again.Take<Published::Sequence>();
    const std::span<Word> words(again.Take<Word>(2), 2);
    for (std::uint64_t data = 40; data < 44; ++data) {
        block.Write(&data);
        const std::uint32_t whole = sequence.Seen();
        sequence.Begin();
        Put(words[(whole / 2 + 1) % words.size()], kHalfWritten);
        ASSERT_TRUE(block.Read(&copy));
        EXPECT_EQ(copy, data);
    }
}

class SeriesSamplerTest : public testing::Test {
protected:
    SeriesSamplerTest()
        : store_(memory_.Store()),
          scratch_(SeriesSampler::ScratchWords(store_.segment)),
          series_(store_.segment.snapshot.layout.Size()) {}

    void Execute(std::uint64_t queryid, std::uint32_t table, std::uint64_t duration_ns,
                 bool failed = false, bool slow = false) {
        const Target target{table, Operation::kSelect};
        Handle handle = store_.Find(Key(queryid));
        const Sample sample{duration_ns, 1, failed, slow};
        if (!store_.AddExecution(handle, sample, kNoUse)) {
            handle = store_.Insert(Key(queryid), {target, 0, 1});
            ASSERT_TRUE(store_.AddExecution(handle, sample, kNoUse));
        }
    }
    void TakeSample(std::uint32_t tables = 4) {
        SeriesSampler(store_.segment, scratch_.data()).Take(tables, head_, series_.data());
    }
    const SeriesCounters& Select(std::uint32_t table) const {
        return series_[Layout().OfTable(table, Operation::kSelect)].counted;
    }
    const SeriesCounters& OtherSelect(std::uint32_t database) const {
        return series_[Layout().OfDatabase(database, Operation::kSelect)].counted;
    }
    SeriesLayout Layout() const { return store_.segment.snapshot.layout; }
    void AddTable(std::uint32_t relid) { store_.segment.tables.Insert({5, relid, 0}, {}, 6); }
    static bool IsZero(const SeriesCounters& counters) {
        return std::bit_cast<std::array<std::uint64_t, kSeriesWords>>(counters) ==
               std::array<std::uint64_t, kSeriesWords>{};
    }

    TestSegment memory_;
    TestStore store_;
    std::vector<std::uint32_t> scratch_;
    SampleHead head_{};
    std::vector<SampledSeries> series_;
};

TEST_F(SeriesSamplerTest, ADurationThatEqualsABoundLiesBelowIt) {
    for (int bound = 0; bound < kLatencyBounds; ++bound) {
        const double edge_ns = std::ldexp(1e9, kFirstBoundExponent + bound);
        const auto edge = static_cast<std::uint64_t>(edge_ns);
        Execute(1, 1, edge);
        Execute(1, 1, edge + 1);
    }
    Execute(1, 1, 1);
    Execute(1, 1, 1000 * kSecondNs);
    TakeSample();
    // Each bucket has its bound and what is just above the bound before.
    std::array<std::uint64_t, kLatencyBuckets> expected{};
    expected.fill(2);
    EXPECT_EQ(Select(1).bucket, expected);
}

TEST_F(SeriesSamplerTest, SumsWhatTheStoreHas) {
    Execute(1, 1, kSecondNs);
    Execute(1, 1, 3 * kSecondNs, true, true);
    Execute(2, 2, kSecondNs);
    TakeSample();
    EXPECT_EQ(Select(1).queries, 2U);
    EXPECT_EQ(Select(1).failed, 1U);
    EXPECT_EQ(Select(1).slow, 1U);
    EXPECT_EQ(Select(1).total_ns, 4 * kSecondNs);
    EXPECT_EQ(Select(2).queries, 1U);
    EXPECT_NEAR(static_cast<double>(series_[Layout().OfTable(1, Operation::kSelect)].p95_ns), 3e9,
                0.011 * 3e9);
}

TEST_F(SeriesSamplerTest, SumsLoopsByTable) {
    for (std::uint32_t table = 1; table <= 8; ++table) {
        AddTable(100 + table);
        for (std::uint32_t loop = 0; loop < table; ++loop) {
            store_.segment.n_plus_one.CountLoop(table);
        }
    }
    TakeSample(4);
    for (std::uint32_t table = 1; table <= 4; ++table) {
        EXPECT_EQ(Select(table).loops, table);
    }
    EXPECT_EQ(OtherSelect(0).loops, 5U + 6U + 7U + 8U);
    TakeSample(2);
    EXPECT_EQ(Select(2).loops, 2U);
    EXPECT_TRUE(IsZero(Select(3)));
}

TEST_F(SeriesSamplerTest, EvictionLetsNothingFall) {
    SeriesCounters before{};
    for (std::uint64_t round = 0; round < 200; ++round) {
        for (std::uint64_t statement = 0; statement < 10; ++statement) {
            Execute(round * 10 + statement + 1, 1, 1000 * (statement + 1));
        }
        store_.Fold();
        TakeSample();
        const auto now = std::bit_cast<std::array<std::uint64_t, kSeriesWords>>(Select(1));
        const auto then = std::bit_cast<std::array<std::uint64_t, kSeriesWords>>(before);
        for (std::size_t word = 0; word < kSeriesWords; ++word) {
            ASSERT_GE(now[word], then[word]) << "word " << word << " in round " << round;
        }
        before = Select(1);
    }
    EXPECT_EQ(before.queries, 2000U);
    EXPECT_GT(Get(store_.segment.statements.shared->evictions), 0U);
}

TEST_F(SeriesSamplerTest, AForgottenStatementLetsTheWholeSeriesBeginAgain) {
    Execute(1, 1, 1000);
    Execute(2, 1, kSecondNs);
    Execute(3, 2, kSecondNs);
    TakeSample();
    ASSERT_TRUE(store_.TryReset(0, 0, 2, 9));
    TakeSample();
    EXPECT_TRUE(IsZero(Select(1)));
    EXPECT_EQ(Select(2).queries, 1U);
    Execute(1, 1, 1000);
    TakeSample();
    EXPECT_EQ(Select(1).queries, 1U);
    EXPECT_EQ(Select(1).bucket[0], 1U);
    EXPECT_EQ(Select(1).total_ns, 1000U);
}

TEST_F(SeriesSamplerTest, AFullResetLeavesWhatCameAfterIt) {
    Execute(1, 1, 1000);
    Execute(2, 1, 1000);
    TakeSample();
    ASSERT_TRUE(store_.TryReset(0, 0, 2, 9));
    TakeSample();
    ASSERT_TRUE(store_.TryReset(0, 0, 0, 10));
    for (int execution = 0; execution < 5; ++execution) {
        Execute(1, 1, 1000);
    }
    TakeSample();
    EXPECT_EQ(Select(1).queries, 5U);
    EXPECT_EQ(head_.stats_since_us, 10U);
}

TEST_F(SeriesSamplerTest, TablesWithoutSeriesAreSummedByDatabase) {
    for (std::uint32_t relid = 1; relid <= 8; ++relid) {
        AddTable(relid);
    }
    const std::uint32_t database = store_.segment.databases.Insert({5, 0, 0}, {}, 6);
    for (std::uint32_t table = 1; table <= 8; ++table) {
        Execute(table, table, 1000);
    }
    TakeSample(2);
    EXPECT_EQ(Select(2).queries, 1U);
    EXPECT_TRUE(IsZero(Select(3)));
    EXPECT_EQ(OtherSelect(database).queries, 6U);
    EXPECT_EQ(head_.tables_other, 6U);
    // More than there is room for is as much as there is room for.
    TakeSample(1000);
    EXPECT_EQ(head_.tables_with_series, 4U);
    EXPECT_EQ(Select(3).queries, 1U);
    EXPECT_TRUE(IsZero(OtherSelect(database)));
    Execute(8, 8, 1000);
    TakeSample(1000);
    EXPECT_EQ(OtherSelect(database).queries, 1U);
}

TEST_F(SeriesSamplerTest, SlowestStatementsComeInOrder) {
    for (std::uint64_t statement = 1; statement <= 20; ++statement) {
        const std::uint32_t text =
            store_.segment.texts.Store("select " + std::to_string(statement), 6);
        const Handle handle = store_.Insert(Key(statement), {{1, Operation::kSelect}, text, 1});
        const std::uint64_t duration_ns = (statement * 7 % 20 + 1) * 1000;
        ASSERT_TRUE(store_.AddExecution(handle, {duration_ns, 1, false, false}, kNoUse));
    }
    TakeSample();
    ASSERT_EQ(head_.statements, static_cast<std::uint32_t>(kSlowestStatements));
    for (std::uint64_t at = 0; at < kSlowestStatements; ++at) {
        EXPECT_EQ(head_.slowest[at].total_ns, (20 - at) * 1000);
        EXPECT_EQ(std::string(head_.slowest[at].text, head_.slowest[at].text_bytes),
                  "select " + std::to_string(head_.slowest[at].queryid));
    }
}

TEST(SeriesLayout, TellsEachSeriesFromAllOthers) {
    const SeriesLayout layout{3};
    std::vector<int> seen(layout.Size());
    for (int operation = 0; operation < kOperations; ++operation) {
        for (std::uint32_t table = 0; table <= 3; ++table) {
            const std::uint32_t at = layout.OfTable(table, static_cast<Operation>(operation));
            ++seen[at];
            EXPECT_TRUE(layout.IsOfTable(at));
            EXPECT_EQ(layout.IndexOf(at), table);
            EXPECT_EQ(SeriesLayout::OperationOf(at), static_cast<Operation>(operation));
        }
        for (std::uint32_t database = 0; database <= kDatabases; ++database) {
            const std::uint32_t at = layout.OfDatabase(database, static_cast<Operation>(operation));
            ++seen[at];
            EXPECT_FALSE(layout.IsOfTable(at));
            EXPECT_EQ(layout.IndexOf(at), database);
        }
    }
    EXPECT_EQ(seen, std::vector<int>(layout.Size(), 1));
}

}  // namespace
}  // namespace elile::core
