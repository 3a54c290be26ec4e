// What is saved comes back: into an empty segment, beside what was counted already, and where there
// is less room.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "core/limits.hpp"
#include "unit/saved_fixture.hpp"

namespace elile::core {
namespace {

void ExpectSame(const TallySnapshot& left, const TallySnapshot& right) {
    EXPECT_EQ(left.calls, right.calls);
    EXPECT_EQ(left.failed_calls, right.failed_calls);
    EXPECT_EQ(left.slow_calls, right.slow_calls);
    EXPECT_EQ(left.rows, right.rows);
    EXPECT_EQ(left.total_ns, right.total_ns);
    EXPECT_DOUBLE_EQ(left.sum_of_squares, right.sum_of_squares);
    EXPECT_EQ(left.min_ns, right.min_ns);
    EXPECT_EQ(left.max_ns, right.max_ns);
    for (const double quantile : {0.01, 0.5, 0.95, 0.99, 1.0}) {
        EXPECT_EQ(left.QuantileNs(quantile), right.QuantileNs(quantile));
    }
}

// The two tables have these references in each segment.
StatementKey KeyOn(std::uint64_t queryid) {
    StatementKey key = Key(queryid);
    key.table = queryid % 2 == 0 ? 1 : 2;
    return key;
}

ResourceUse UseOn(std::uint64_t queryid) {
    static ResourceUse use;
    use.Clear();
    use.Add(kSharedBlksHit, queryid);
    use.Add(kParallelWorkersLaunched, 1);
    return use;
}

StatementOrigin OriginOn(std::uint64_t queryid) {
    return static_cast<StatementOrigin>(queryid % kStatementOrigins);
}

// Runs statements 1 to `count`, number n so many times, on two tables.
void RunSome(TestStore& store, std::uint64_t count) {
    const std::uint32_t first = store.segment.tables.Insert({5, 100, 0}, Names("first"), 6);
    const std::uint32_t second = store.segment.tables.Insert({5, 101, 0}, Names("second"), 6);
    store.segment.databases.Insert({5, 0, 0}, Names("a_database"), 6);
    for (std::uint64_t queryid = 1; queryid <= count; ++queryid) {
        const std::string text = "select " + std::to_string(queryid);
        const Target target{queryid % 2 == 0 ? first : second, Operation::kSelect};
        const Handle handle =
            store.Insert(KeyOn(queryid),
                         {target, store.segment.texts.Store(text, 6), queryid, OriginOn(queryid)});
        const ResourceUse use = UseOn(queryid);
        for (std::uint64_t run = 0; run < queryid; ++run) {
            store.AddExecution(handle, {(run + 1) * 1000 * queryid, run, run == 3, run == 4}, use);
        }
        store.AddPlanning(handle, 777, {});
        NotePlan(store.segment.statements.entries[handle.slot].history, store.segment.details,
                 queryid + 9, 5000, 33);
        const std::uint32_t plan = store.segment.details.Store("Seq Scan", 6);
        KeepPlanText(store.segment.statements.entries[handle.slot].history, store.segment.details,
                     queryid + 9, plan);
        store.segment.details.Release(plan);
    }
    store.AddLeftover({first, Operation::kDelete}, {123456, 7, false, false});
    store.AddLeftover({kOtherTables, Operation::kUtility}, {5, 7, true, false});
}

TEST(Saved, WhatIsSavedComesBack) {
    const TestSegment memory;
    TestStore store = memory.Store();
    RunSome(store, 30);
    Put(store.segment.header->stats_since_us, 4711);
    const TestSegment fresh;
    TestStore restored = fresh.Store();
    const Restored result = Restore(Save(store.segment), restored);
    const RestoreCounts& counts = result.counts;
    EXPECT_EQ(counts.statements, 30U);
    EXPECT_EQ(counts.folded, 0U);
    EXPECT_EQ(result.damaged, 0U);
    EXPECT_EQ(counts.unsound, 0U);
    EXPECT_EQ(Get(restored.segment.header->stats_since_us), 4711U);
    ExpectSame(Total(store.segment), Total(restored.segment));
    const Handle handle = restored.Find(KeyOn(17));
    ASSERT_TRUE(handle.IsValid());
    Entry& entry = restored.segment.statements.entries[handle.slot];
    EXPECT_EQ(TextOf(restored.segment.texts, Get(entry.text)), "select 17");
    EXPECT_EQ(Get(entry.created_at_us), 17U);
    EXPECT_EQ(StatementOriginOf(entry), StatementOrigin::kCatalogue);
    EXPECT_EQ(Get(entry.counters.resources[kSharedBlksHit]), 17U * 17U);
    EXPECT_EQ(Get(entry.counters.resources[kParallelWorkersLaunched]), 17U);
    EXPECT_EQ(Get(entry.counters.plans.plans), 1U);
    EXPECT_EQ(~Get(entry.counters.plans.inverted_min_ns), 777U);
    const std::uint32_t plan = TakePlanText(entry.history, restored.segment.details, 26);
    EXPECT_EQ(TextOf(restored.segment.details, plan), "Seq Scan");
    restored.segment.details.Release(plan);
    TableNames names;
    std::uint32_t encoding = 0;
    restored.segment.tables.Read(TargetOf(entry).table, &names, &encoding);
    EXPECT_STREQ(names.table, "second");
    EXPECT_NE(restored.segment.databases.Find({5, 0, 0}), kNoIndex);
    ExpectSame(Total(store.segment), Total(restored.segment));
}

TEST(Saved, WhatWasCountedMeanwhileStays) {
    const TestSegment memory;
    TestStore store = memory.Store();
    RunSome(store, 10);
    const std::string records = Save(store.segment);
    RunSome(store, 10);
    const TestSegment fresh;
    TestStore restored = fresh.Store();
    RunSome(restored, 10);
    Restore(records, restored);
    ExpectSame(Total(store.segment), Total(restored.segment));
    EXPECT_EQ(Unplaced(restored.segment), 0U);
}

TEST(Saved, WithLessRoomWhatRanOftenComesBackAndNothingIsLost) {
    constexpr SegmentSizes kLarger{400, 8, 16, 1024, 1024, 8, 4};
    const TestSegment memory(kLarger);
    TestStore store = memory.Store();
    RunSome(store, 300);
    const TestSegment fresh;
    TestStore restored = fresh.Store();
    const Restored result = Restore(Save(store.segment), restored);
    const RestoreCounts& counts = result.counts;
    EXPECT_EQ(counts.statements, 100U);
    EXPECT_EQ(counts.folded, 200U);
    const TallySnapshot before = Total(store.segment);
    const TallySnapshot after = Total(restored.segment);
    EXPECT_EQ(before.calls, after.calls);
    EXPECT_EQ(before.failed_calls, after.failed_calls);
    EXPECT_EQ(before.total_ns, after.total_ns);
    EXPECT_EQ(after.Executions(), Buckets(after) + Unplaced(restored.segment));
    EXPECT_TRUE(restored.Find(KeyOn(300)).IsValid());
    EXPECT_FALSE(restored.Find(KeyOn(3)).IsValid());
}

// Of each place the last record counts, and a save whose end is missing does not.
TEST(Saved, TheLogReplacesWhatTheBaseHas) {
    const TestSegment memory;
    TestStore store = memory.Store();
    RunSome(store, 5);
    const TallySnapshot before = Total(store.segment);
    const std::string base = Save(store.segment);
    RunSome(store, 6);
    const TallySnapshot whole = Total(store.segment);
    std::string log = Save(store.segment);
    for (const std::size_t missing : {std::size_t{0}, std::size_t{1}, log.size() / 2}) {
        const TestSegment fresh;
        TestStore restored = fresh.Store();
        const Restored result =
            Restore(base, restored, std::string_view(log).substr(0, log.size() - missing));
        EXPECT_EQ(result.damaged, missing == 0 ? 0U : 1U);
        EXPECT_EQ(Total(restored.segment).calls, missing == 0 ? whole.calls : before.calls);
    }
}

// Each byte of a base is changed, and it ends at each. What comes back was there, and never more.
TEST(Saved, WhatIsDamagedIsLeftOut) {
    const TestSegment memory;
    TestStore store = memory.Store();
    RunSome(store, 3);
    const TallySnapshot whole = Total(store.segment);
    const std::string base = Save(store.segment);
    for (std::size_t at = 0; at < base.size(); at += kDamageStep) {
        std::string damaged = base;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
        for (const std::string& file : {damaged, base.substr(0, at)}) {
            const TestSegment fresh;
            TestStore restored = fresh.Store();
            EXPECT_EQ(Restore(file, restored).damaged, file.empty() ? 0U : 1U);
            EXPECT_LE(Total(restored.segment).calls, whole.calls);
        }
    }
}

// A record whose frame is sound may still have been written by somebody else.
TEST(Saved, NoRecordIsBelieved) {
    const TestSegment memory;
    TestStore store = memory.Store();
    RunSome(store, 3);
    const std::string base = Save(store.segment);
    for (std::size_t at = sizeof(FrameHeader); at < base.size(); at += kDamageStep) {
        std::string damaged = base;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
        FrameHeader header{};
        std::memcpy(&header, damaged.data(), sizeof(header));
        FinishFrame(damaged.data(), header, std::string_view(damaged).substr(sizeof(header)));
        const TestSegment fresh;
        TestStore restored = fresh.Store();
        EXPECT_EQ(Restore(damaged, restored).damaged, 0U);
    }
}

TEST(Saved, AHeaderSaysWhoseItIs) {
    const DataDirectory own{1, 2, 3, 15, 0};
    FileHeader header = MakeFileHeader(own, 7, false, 9, true);
    const auto fault = [&](const FileHeader& of, const DataDirectory& reader) {
        FileHeader read{};
        return ReadFileHeader({reinterpret_cast<const char*>(&of), sizeof(of)}, reader, false,
                              &read);
    };
    EXPECT_EQ(fault(header, own), FileFault::kNone);
    EXPECT_EQ(fault(header, {1, 2, 3, 16, 0}), FileFault::kOtherMajor);
    EXPECT_EQ(fault(header, {8, 2, 3, 15, 0}), FileFault::kOtherCluster);
    EXPECT_EQ(fault(header, {1, 8, 3, 15, 0}), FileFault::kOtherDirectory);
    EXPECT_EQ(fault(header, {1, 2, 8, 15, 0}), FileFault::kOtherDirectory);
    EXPECT_EQ(fault(MakeFileHeader(own, 7, true, 9, true), own), FileFault::kDamaged);
    auto* bytes = reinterpret_cast<unsigned char*>(&header);
    for (std::size_t at = 0; at < sizeof(header); ++at) {
        bytes[at] ^= 4;
        EXPECT_EQ(fault(header, own), FileFault::kDamaged) << at;
        bytes[at] ^= 4;
    }
    EXPECT_EQ(ReadFileHeader({}, own, false, &header), FileFault::kEmpty);
}

// A file of each format that was ever written can be read. This one has a statement with its plan,
// what evicted ones left, a failure, a slow execution, a pattern and a limit.
TEST(Saved, AFileOfFormat1IsRead) {
    std::ifstream stream("test/saved/format_1.base", std::ios::binary);
    const std::string file{std::istreambuf_iterator<char>(stream), {}};
    FileHeader header{};
    ASSERT_EQ(ReadFileHeader(file, {1, 2, 3, 15, 0}, false, &header), FileFault::kNone);
    EXPECT_EQ(header.number, kNumber);
    const TestSegment fresh;
    TestStore restored = fresh.Store();
    const Restored result =
        Restore(std::string_view(file).substr(sizeof(header)), restored, {}, true);
    EXPECT_EQ(result.damaged, 0U);
    EXPECT_EQ(result.counts.unsound, 0U);
    EXPECT_EQ(result.counts.statements, 1U);
    const Segment& segment = restored.segment;
    const TallySnapshot sum = Total(segment);
    EXPECT_EQ(sum.calls, 5U);
    EXPECT_EQ(sum.failed_calls, 1U);
    EXPECT_EQ(sum.total_ns, 1000U + 2000 + 4000 + 8000 + 16000 + 123456);
    StatementKey key = Key(7);
    key.table = segment.tables.Find({5, 100, 0});
    const Handle handle = restored.Find(key);
    ASSERT_TRUE(handle.IsValid());
    Entry& entry = segment.statements.entries[handle.slot];
    EXPECT_EQ(TextOf(segment.texts, Get(entry.text)), "select $1");
    const std::uint32_t plan = TakePlanText(entry.history, segment.details, 16);
    EXPECT_EQ(TextOf(segment.details, plan), "Seq Scan");
    FailureCopy failure;
    std::uint32_t failures = 0;
    for (std::uint32_t index = 0; index < kFailures; ++index) {
        failures += segment.failures.Read(index, &failure) ? 1 : 0;
    }
    EXPECT_EQ(failures, 1U);
    EXPECT_STREQ(failure.details.constraint, "c");
    SlowRecord slow;
    EXPECT_EQ(segment.ring.Read(1, &slow), SlowRing::Reading::kWhole);
    EXPECT_EQ(segment.n_plus_one.LoopsOf(TableDirectory::IndexOf(key.table)), 1U);
    EXPECT_EQ(CountOf(segment, *FindLimit("evictions")), 5U);
}

}  // namespace
}  // namespace elile::core
