// What is published is whole, and a series' counters only grow or begin again all together.
#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <csignal>
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

// Memory that a forked process shares, in which that process publishes one block after the other.
class PublishingProcess {
public:
    static constexpr std::size_t kWords = 100000;

    PublishingProcess() {
        Carver measure(nullptr);
        Published().Carve(measure, kWords * 8);
        bytes_ = measure.Bytes();
        memory_ = static_cast<char*>(
            mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
        Carver carver(memory_);
        block.Carve(carver, kWords * 8);
        Carver again(memory_);
        sequence = again.Take<Published::Sequence>();
        child_ = fork();
        if (child_ == 0) {
            std::vector<std::uint64_t> data(kWords);
            for (std::uint64_t round = 1;; ++round) {
                data.assign(kWords, round);
                block.Write(data.data());
            }
        }
    }
    ~PublishingProcess() {
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
        munmap(memory_, bytes_);
    }
    PublishingProcess(const PublishingProcess&) = delete;
    PublishingProcess& operator=(const PublishingProcess&) = delete;

    void Stop() const {
        kill(child_, SIGSTOP);
        waitpid(child_, nullptr, WUNTRACED);
    }
    // The writer gets a processor before it is stopped again.
    void Continue() const {
        const std::uint32_t seen = sequence->Seen();
        kill(child_, SIGCONT);
        while (sequence->Seen() == seen) {
            sched_yield();
        }
    }

    Published block;
    Published::Sequence* sequence = nullptr;

private:
    std::size_t bytes_ = 0;
    char* memory_ = nullptr;
    pid_t child_ = -1;
};

TEST(Published, IsReadWhereverItsWriterIsStopped) {
    constexpr int kWanted = 50;
    const PublishingProcess process;
    std::vector<std::uint64_t> copy(PublishingProcess::kWords);
    while (process.sequence->Seen() < 2) {
    }
    int in_mid_write = 0;
    for (int round = 0; in_mid_write < kWanted && round < 100 * kWanted; ++round) {
        process.Stop();
        in_mid_write += Published::Sequence::IsWhole(process.sequence->Seen()) ? 0 : 1;
        copy.assign(copy.size(), 0);
        ASSERT_TRUE(process.block.Read(copy.data()));
        ASSERT_NE(copy[0], 0U);
        ASSERT_EQ(std::count(copy.begin(), copy.end(), copy[0]),
                  static_cast<std::ptrdiff_t>(copy.size()));
        process.Continue();
    }
    EXPECT_EQ(in_mid_write, kWanted);
}

class SeriesBuilderTest : public testing::Test {
protected:
    SeriesBuilderTest()
        : store_(memory_.Store()),
          scratch_(SeriesBuilder::ScratchWords(store_.segment)),
          series_(store_.segment.snapshot.layout.Size()) {}

    void Execute(std::uint64_t queryid, std::uint32_t table, std::uint64_t duration_ns,
                 bool failed = false, bool slow = false) {
        const Target target{table, Operation::kSelect};
        StatementKey key = Key(queryid);
        key.table = table;
        Handle handle = store_.Find(key);
        const FinishedRun sample{duration_ns, 1, failed, slow};
        if (!store_.AddExecution(handle, sample, kNoUse)) {
            handle = store_.Insert(key, {target, 0, 1});
            ASSERT_TRUE(store_.AddExecution(handle, sample, kNoUse));
        }
    }
    void TakeSnapshot(std::uint32_t tables = 4) {
        SeriesBuilder(store_.segment, scratch_.data(), head_, series_.data()).Take(tables);
    }
    // All zero where no such series is in use.
    SnapshotSeries At(std::uint32_t place) const {
        for (std::uint32_t at = 0; at < head_.series; ++at) {
            if (series_[at].place == place) {
                return series_[at];
            }
        }
        return {};
    }
    SeriesCounters Select(std::uint32_t table) const {
        return At(Layout().OfTable(table, Operation::kSelect)).counted;
    }
    SeriesCounters OtherSelect(std::uint32_t database) const {
        return At(Layout().OfDatabase(database, Operation::kSelect)).counted;
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
    SnapshotHead head_{};
    std::vector<SnapshotSeries> series_;
};

TEST_F(SeriesBuilderTest, ADurationThatEqualsABoundLiesBelowIt) {
    for (int bound = 0; bound < kLatencyBounds; ++bound) {
        const double edge_ns = std::ldexp(1e9, kFirstBoundExponent + bound);
        const auto edge = static_cast<std::uint64_t>(edge_ns);
        Execute(1, 1, edge);
        Execute(1, 1, edge + 1);
    }
    Execute(1, 1, 1);
    Execute(1, 1, 1000 * kSecondNs);
    TakeSnapshot();
    // Each bucket has its bound and what is just above the bound before.
    std::array<std::uint64_t, kLatencyBuckets> expected{};
    expected.fill(2);
    EXPECT_EQ(Select(1).bucket, expected);
}

TEST_F(SeriesBuilderTest, SumsWhatTheStoreHas) {
    Execute(1, 1, kSecondNs);
    Execute(1, 1, 3 * kSecondNs, true, true);
    Execute(2, 2, kSecondNs);
    TakeSnapshot();
    EXPECT_EQ(Select(1).queries, 2U);
    EXPECT_EQ(Select(1).failed, 1U);
    EXPECT_EQ(Select(1).slow, 1U);
    EXPECT_EQ(Select(1).total_ns, 4 * kSecondNs);
    EXPECT_EQ(Select(2).queries, 1U);
    EXPECT_NEAR(static_cast<double>(At(Layout().OfTable(1, Operation::kSelect)).p95_ns), 3e9,
                0.011 * 3e9);
    EXPECT_EQ(head_.queries, 3U);
    EXPECT_EQ(head_.failed, 1U);
    EXPECT_EQ(head_.slow, 1U);
}

TEST_F(SeriesBuilderTest, HasOnlyThoseThatAreInUse) {
    TakeSnapshot();
    EXPECT_EQ(head_.series, 0U);
    Execute(1, 3, kSecondNs);
    Execute(2, 1, kSecondNs);
    Execute(3, 3, kSecondNs);
    TakeSnapshot();
    EXPECT_EQ(head_.series, 2U);
    EXPECT_EQ(Select(3).queries, 2U);
    EXPECT_EQ(Select(1).queries, 1U);
    // One that a reset has emptied stays in use, and another one changes no series' figures.
    ASSERT_TRUE(store_.TryReset(0, 0, 2, 9));
    Execute(4, 2, kSecondNs);
    TakeSnapshot();
    EXPECT_EQ(head_.series, 3U);
    EXPECT_EQ(Select(3).queries, 2U);
    EXPECT_TRUE(IsZero(Select(1)));
    EXPECT_EQ(Select(2).queries, 1U);
    EXPECT_EQ(head_.queries, 3U);
    ASSERT_TRUE(store_.TryReset(0, 0, 0, 10));
    TakeSnapshot();
    EXPECT_EQ(head_.series, 0U);
    EXPECT_EQ(head_.queries, 0U);
}

// A keeper that is started again goes on with what its predecessor published.
TEST_F(SeriesBuilderTest, APublishedSnapshotIsReadWithItsSeries) {
    PublishedSnapshot& published = store_.segment.snapshot;
    EXPECT_FALSE(published.ReadHead(&head_));
    const std::size_t words = WordsFor(published.MostBytes());
    std::vector<std::uint64_t> written(words);
    std::vector<std::uint64_t> copy(words);
    auto& head = *reinterpret_cast<SnapshotHead*>(written.data());
    auto* series = reinterpret_cast<SnapshotSeries*>(&head + 1);
    for (std::uint32_t table = 1; table <= 4; ++table) {
        Execute(table, table, kSecondNs);
        SeriesBuilder(store_.segment, scratch_.data(), head, series).Take(4);
        published.WriteWithSeries(&head);
        auto& read = *reinterpret_cast<SnapshotHead*>(copy.data());
        ASSERT_TRUE(published.ReadWithSeries(&read));
        EXPECT_EQ(copy, written);
        ASSERT_TRUE(published.ReadHead(&head_));
        EXPECT_EQ(head_.series, table);
        EXPECT_EQ(head_.queries, table);
    }
    Execute(1, 1, kSecondNs);
    SeriesBuilder(store_.segment, scratch_.data(), head, series).Take(4);
    EXPECT_EQ(series[0].counted.queries, 2U);
}

TEST_F(SeriesBuilderTest, SumsLoopsByTable) {
    for (std::uint32_t table = 1; table <= 8; ++table) {
        AddTable(100 + table);
        for (std::uint32_t loop = 0; loop < table; ++loop) {
            store_.segment.n_plus_one.CountLoop(table);
        }
    }
    TakeSnapshot(4);
    for (std::uint32_t table = 1; table <= 4; ++table) {
        EXPECT_EQ(Select(table).loops, table);
    }
    EXPECT_EQ(OtherSelect(0).loops, 5U + 6U + 7U + 8U);
    TakeSnapshot(2);
    EXPECT_EQ(Select(2).loops, 2U);
    EXPECT_TRUE(IsZero(Select(3)));
}

TEST_F(SeriesBuilderTest, EvictionLetsNothingFall) {
    SeriesCounters before{};
    AddTable(101);
    for (std::uint64_t round = 0; round < 200; ++round) {
        for (std::uint64_t statement = 0; statement < 10; ++statement) {
            Execute(round * 10 + statement + 1, 1, 1000 * (statement + 1));
        }
        store_.Fold();
        TakeSnapshot();
        const auto now = std::bit_cast<std::array<std::uint64_t, kSeriesWords>>(Select(1));
        const auto then = std::bit_cast<std::array<std::uint64_t, kSeriesWords>>(before);
        for (std::size_t word = 0; word < kSeriesWords; ++word) {
            ASSERT_GE(now[word], then[word]) << "word " << word << " in round " << round;
        }
        before = Select(1);
    }
    EXPECT_EQ(before.queries, 2000U);
    EXPECT_EQ(head_.queries, 2000U);
    EXPECT_GT(Get(store_.segment.statements.shared->evictions), 0U);
}

TEST_F(SeriesBuilderTest, AForgottenStatementLetsTheWholeSeriesBeginAgain) {
    Execute(1, 1, 1000);
    Execute(2, 1, kSecondNs);
    Execute(3, 2, kSecondNs);
    TakeSnapshot();
    ASSERT_TRUE(store_.TryReset(0, 0, 2, 9));
    TakeSnapshot();
    EXPECT_TRUE(IsZero(Select(1)));
    EXPECT_EQ(Select(2).queries, 1U);
    Execute(1, 1, 1000);
    TakeSnapshot();
    EXPECT_EQ(Select(1).queries, 1U);
    EXPECT_EQ(Select(1).bucket[0], 1U);
    EXPECT_EQ(Select(1).total_ns, 1000U);
}

TEST_F(SeriesBuilderTest, AFullResetLeavesWhatCameAfterIt) {
    Execute(1, 1, 1000);
    Execute(2, 1, 1000);
    TakeSnapshot();
    ASSERT_TRUE(store_.TryReset(0, 0, 2, 9));
    TakeSnapshot();
    ASSERT_TRUE(store_.TryReset(0, 0, 0, 10));
    for (int execution = 0; execution < 5; ++execution) {
        Execute(1, 1, 1000);
    }
    TakeSnapshot();
    EXPECT_EQ(Select(1).queries, 5U);
    EXPECT_EQ(head_.stats_since_us, 10U);
}

TEST_F(SeriesBuilderTest, TablesWithoutSeriesAreSummedByDatabase) {
    for (std::uint32_t relid = 1; relid <= 8; ++relid) {
        AddTable(relid);
    }
    const std::uint32_t database = store_.segment.databases.Insert({5, 0, 0}, {}, 6);
    for (std::uint32_t table = 1; table <= 8; ++table) {
        Execute(table, table, 1000);
    }
    TakeSnapshot(2);
    EXPECT_EQ(Select(2).queries, 1U);
    EXPECT_TRUE(IsZero(Select(3)));
    EXPECT_EQ(OtherSelect(database).queries, 6U);
    EXPECT_EQ(head_.tables_other, 6U);
    // More than there is room for is as much as there is room for.
    TakeSnapshot(1000);
    EXPECT_EQ(head_.tables_with_series, 4U);
    EXPECT_EQ(Select(3).queries, 1U);
    EXPECT_TRUE(IsZero(OtherSelect(database)));
    Execute(8, 8, 1000);
    TakeSnapshot(1000);
    EXPECT_EQ(OtherSelect(database).queries, 1U);
}

TEST_F(SeriesBuilderTest, StatementsComeInOrder) {
    for (std::uint64_t statement = 1; statement <= 20; ++statement) {
        const std::uint32_t text =
            store_.segment.texts.Store("select " + std::to_string(statement), 6);
        const Handle handle = store_.Insert(Key(statement), {{1, Operation::kSelect}, text, 1});
        const std::uint64_t duration_ns = (statement * 7 % 20 + 1) * 1000;
        ASSERT_TRUE(store_.AddExecution(handle, {duration_ns, 1, false, false}, kNoUse));
    }
    TakeSnapshot();
    ASSERT_EQ(head_.statements, static_cast<std::uint32_t>(kSlowestStatements));
    for (std::uint64_t at = 0; at < kSlowestStatements; ++at) {
        EXPECT_EQ(head_.slowest[at].total_ns, (20 - at) * 1000);
        EXPECT_EQ(std::string(head_.slowest[at].text, head_.slowest[at].text_bytes),
                  "select " + std::to_string(head_.slowest[at].queryid));
    }
}

TEST_F(SeriesBuilderTest, StatementsGoByTheirTimeInAll) {
    const auto run = [&](std::uint64_t statement, int times, std::uint64_t duration_ns) {
        const std::uint32_t text = store_.segment.texts.Store("select", 6);
        const Handle handle = store_.Insert(Key(statement), {{1, Operation::kSelect}, text, 1});
        for (int at = 0; at < times; ++at) {
            ASSERT_TRUE(store_.AddExecution(handle, {duration_ns, 1, false, false}, kNoUse));
        }
    };
    run(1, 1, 50000);
    run(2, 100, 1000);
    TakeSnapshot();
    ASSERT_EQ(head_.statements, 2U);
    EXPECT_EQ(head_.slowest[0].queryid, 2U);
    EXPECT_EQ(head_.slowest[0].calls, 100U);
    EXPECT_EQ(head_.slowest[1].max_ns, 50000U);
}

TEST_F(SeriesBuilderTest, StatementsThatAreNotTheApplicationsAreOneSum) {
    const auto run = [&](std::uint64_t statement, StatementOrigin origin, std::uint64_t runs) {
        const std::uint32_t text = store_.segment.texts.Store("select", 6);
        const Handle handle =
            store_.Insert(Key(statement), {{1, Operation::kSelect}, text, 1, origin});
        EXPECT_EQ(store_.OriginOf(handle), origin);
        for (std::uint64_t at = 0; at < runs; ++at) {
            ASSERT_TRUE(store_.AddExecution(handle, {statement * 1000, 1, false, false}, kNoUse));
        }
    };
    run(1, StatementOrigin::kApplication, 1);
    run(20, StatementOrigin::kOwn, 2);
    run(30, StatementOrigin::kCatalogue, 3);
    run(40, StatementOrigin::kCatalogue, 0);
    for (int turn = 0; turn < 2; ++turn) {
        TakeSnapshot();
        ASSERT_EQ(head_.statements, 1U);
        EXPECT_EQ(head_.slowest[0].queryid, 1U);
        EXPECT_EQ(head_.other_origins.statements, 2U);
        EXPECT_EQ(head_.other_origins.calls, 5U);
        EXPECT_EQ(head_.other_origins.total_ns, 130000U);
        EXPECT_EQ(head_.other_origins.max_ns, 30000U);
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
