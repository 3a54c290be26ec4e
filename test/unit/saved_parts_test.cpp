// What parts other than statements save comes back: failures, slow executions, patterns, limits.
#include <gtest/gtest.h>

#include <string>

#include "core/limits.hpp"
#include "unit/saved_fixture.hpp"

namespace elile::core {
namespace {

constexpr std::uint64_t kNowUs = UINT64_C(800000000) * 1000000;

FailureKey KeyOfFailure(std::uint64_t queryid, Phase phase) {
    FailureKey key{};
    key.queryid = queryid;
    key.database = 5;
    key.user = 10;
    key.sqlstate = 1234;
    key.phase = phase;
    CopyName(key.application, "an application");
    return key;
}

void FailSome(Segment& segment) {
    const std::uint32_t table = segment.tables.Insert({5, 100, 0}, Names("item"), 6);
    const std::uint32_t database = segment.databases.Insert({5, 0, 0}, Names("app"), 6);
    FailureDetails details{};
    details.table_plus_one = table + 1;
    details.encoding = 6;
    CopyName(details.constraint, "item_pkey");
    for (std::uint64_t time = 0; time < 3; ++time) {
        segment.failures.Note(KeyOfFailure(7, Phase::kExecute), details, kNowUs + time);
        segment.failures.CountError(Databases::IndexOf(database), Phase::kExecute, 1234, true);
    }
    segment.failures.Note(KeyOfFailure(0, Phase::kConnect), {}, kNowUs);
    segment.failures.CountError(kNoErrorDatabase, Phase::kConnect, 99, true);
}

std::vector<FailureCopy> FailuresOf(const Segment& segment) {
    std::vector<FailureCopy> all;
    FailureCopy copy;
    for (std::uint32_t index = 0; index < kFailures; ++index) {
        if (segment.failures.Read(index, &copy)) {
            all.push_back(copy);
        }
    }
    return all;
}

TEST(SavedParts, FailuresComeBack) {
    const TestSegment memory;
    TestStore store = memory.Store();
    FailSome(store.segment);
    const TestSegment fresh;
    TestStore restored = fresh.Store();
    // Another table and another database have the first places there.
    restored.segment.tables.Insert({5, 99, 0}, Names("other"), 6);
    restored.segment.databases.Insert({4, 0, 0}, Names("other"), 6);
    EXPECT_EQ(Restore(Save(store.segment), restored).counts.unsound, 0U);
    const auto all = FailuresOf(restored.segment);
    ASSERT_EQ(all.size(), 2U);
    const FailureCopy& copy = all[0];
    EXPECT_EQ(std::memcmp(&copy.key, &FailuresOf(store.segment)[0].key, sizeof(copy.key)), 0);
    EXPECT_EQ(copy.count, 3U);
    EXPECT_EQ(copy.first_us, kNowUs);
    EXPECT_EQ(copy.last_us, kNowUs + 2);
    EXPECT_STREQ(copy.details.constraint, "item_pkey");
    EXPECT_EQ(copy.details.table_plus_one, restored.segment.tables.Find({5, 100, 0}) + 1);
    EXPECT_EQ(all[1].key.phase, Phase::kConnect);
}

// After a crash the series begin from zero; after a clean stop they go on from where they were.
TEST(SavedParts, SeriesOfErrorsGoOnOrBeginAnew) {
    const TestSegment memory;
    TestStore store = memory.Store();
    FailSome(store.segment);
    const auto shown = [](const Segment& segment) {
        const std::uint32_t database = Databases::IndexOf(segment.databases.Find({5, 0, 0}));
        const ErrorCount error = segment.failures.ReadSeries(database, 0);
        EXPECT_EQ(error.sqlstate, 1234U);
        EXPECT_EQ(segment.failures.Outside(database), error.count);
        return error.count - error.origin;
    };
    const TestSegment after_crash;
    TestStore crashed = after_crash.Store();
    Restore(Save(store.segment), crashed, {}, false);
    EXPECT_EQ(shown(crashed.segment), 0U);
    crashed.segment.failures.CountError(
        Databases::IndexOf(crashed.segment.databases.Find({5, 0, 0})), Phase::kExecute, 1234, true);
    EXPECT_EQ(shown(crashed.segment), 1U);
    const TestSegment after_stop;
    TestStore stopped = after_stop.Store();
    Restore(Save(crashed.segment, true), stopped, {}, true);
    EXPECT_EQ(shown(stopped.segment), 1U);
    ASSERT_TRUE(stopped.TryReset(0, 0, 0, kNowUs));
    EXPECT_EQ(shown(stopped.segment), 0U);
}

std::uint64_t WriteSlow(Segment& segment, std::uint64_t queryid) {
    SlowRecord record{};
    record.started_at_us = static_cast<std::int64_t>(kNowUs);
    record.duration_ns = 5000000000;
    record.queryid = queryid;
    record.dbid = 5;
    record.userid = 10;
    record.table = segment.tables.Insert({5, 100, 0}, Names("item"), 6);
    record.toplevel = 1;
    record.text = segment.texts.Store("select from item", 6);
    record.plan = segment.details.Store("Seq Scan on item", 6);
    CopyName(record.application_name, "an application");
    return segment.ring.Write(record);
}

TEST(SavedParts, SlowExecutionsComeBackWithTheirNumbers) {
    const TestSegment memory;
    TestStore store = memory.Store();
    for (std::uint64_t queryid = 1; queryid <= 20; ++queryid) {
        WriteSlow(store.segment, queryid);
    }
    SegmentSizes sizes = kSmallSizes;
    sizes.slow_ring = 8;
    const TestSegment fresh(sizes);
    TestStore restored = fresh.Store();
    EXPECT_EQ(Restore(Save(store.segment), restored).counts.unsound, 0U);
    const SlowRing& ring = restored.segment.ring;
    SlowRecord record;
    EXPECT_EQ(ring.LastId(), 20U);
    EXPECT_EQ(ring.Read(12, &record), SlowRing::Reading::kGone);
    for (std::uint64_t id = 13; id <= 20; ++id) {
        ASSERT_EQ(ring.Read(id, &record), SlowRing::Reading::kWhole);
        EXPECT_EQ(record.queryid, id);
        EXPECT_EQ(record.duration_ns, 5000000000U);
        EXPECT_STREQ(record.application_name, "an application");
        EXPECT_EQ(TextOf(restored.segment.texts, record.text), "select from item");
        EXPECT_EQ(TextOf(restored.segment.details, record.plan), "Seq Scan on item");
        EXPECT_EQ(record.table, restored.segment.tables.Find({5, 100, 0}));
    }
    EXPECT_EQ(WriteSlow(restored.segment, 21), 21U);
    // What was one text is one again: the reset gives back all of it.
    ASSERT_TRUE(restored.TryReset(0, 0, 0, kNowUs));
    EXPECT_EQ(restored.segment.texts.FreeBlocks(), restored.segment.texts.Size());
    EXPECT_EQ(restored.segment.details.FreeBlocks(), restored.segment.details.Size());
}

TEST(SavedParts, PatternsComeBack) {
    const TestSegment memory;
    TestStore store = memory.Store();
    NPlusOneTable& patterns = store.segment.n_plus_one;
    const std::uint32_t table = store.segment.tables.Insert({5, 100, 0}, Names("item"), 6);
    TableNames application{};
    CopyName(application.table, "web");
    const std::uint32_t web = patterns.Applications().Insert(
        {0, 0, TableDirectory::HashNames(application)}, application, 6);
    bool is_new = false;
    const NPlusOneHandle handle =
        patterns.FindOrClaim({5, 10, web, 70, 80}, table, kNowUs, &is_new);
    patterns.SetTexts(handle, store.segment.texts.Store("select parent", 6),
                      store.segment.texts.Store("select child", 6));
    patterns.NoteChanging(handle, 1);
    patterns.SetSuggestion(
        handle, {patterns.Suggestions().Store("select all", 6), Evidence::kPlanned, 9, 4, 1});
    patterns.Count(handle, 2, 60, 5000, kNowUs + 9);
    patterns.Close(handle, 40, kNowUs + 9);
    patterns.CountLoop(table);
    const TestSegment fresh;
    TestStore restored = fresh.Store();
    EXPECT_EQ(Restore(Save(store.segment), restored).counts.unsound, 0U);
    NPlusOneCopy copy{};
    for (std::uint32_t index = 0; index < kNPlusOnePatterns && copy.occurrences == 0; ++index) {
        restored.segment.n_plus_one.Read(index, &copy);
    }
    EXPECT_EQ(copy.occurrences, 2U);
    EXPECT_EQ(copy.runs, 60U);
    EXPECT_EQ(copy.most_runs, 40U);
    EXPECT_EQ(copy.first_seen_us, kNowUs);
    EXPECT_EQ(copy.last_seen_us, kNowUs + 9);
    EXPECT_EQ(copy.cost_before, 9);
    EXPECT_EQ(copy.evidence, Evidence::kPlanned);
    EXPECT_EQ(TextOf(restored.segment.texts, copy.child_text), "select child");
    EXPECT_EQ(TextOf(restored.segment.n_plus_one.Suggestions(), copy.suggestion), "select all");
    TableNames names{};
    std::uint32_t encoding = 0;
    restored.segment.n_plus_one.Applications().Read(copy.key.application, &names, &encoding);
    EXPECT_STREQ(names.table, "web");
    EXPECT_EQ(restored.segment.n_plus_one.LoopsOf(
                  TableDirectory::IndexOf(restored.segment.tables.Find({5, 100, 0}))),
              1U);
}

TEST(SavedParts, LimitsCountOnAndTheirMetricsBeginAnewAfterACrash) {
    const TestSegment memory;
    TestStore store = memory.Store();
    Add(store.segment.statements.shared->evictions, 5);
    Add(store.segment.slow_log.shared->plans_lost[2], 3);
    const auto check = [](const Segment& segment, std::uint64_t evictions, std::uint64_t shown,
                          std::uint64_t lost, std::uint64_t lost_shown) {
        EXPECT_EQ(CountOf(segment, *FindLimit("evictions")), evictions);
        EXPECT_EQ(ShownCountOf(segment, *FindLimit("evictions")), shown);
        EXPECT_EQ(CountOf(segment, *FindLimit("plans_lost")), lost);
        EXPECT_EQ(ShownCountOf(segment, *FindLimit("plans_lost")), lost_shown);
        EXPECT_EQ(Get(segment.slow_log.shared->plans_lost[2]), lost);
        EXPECT_EQ(ShownLostPlans(segment, 2), lost_shown);
    };
    const TestSegment after_crash;
    TestStore crashed = after_crash.Store();
    Restore(Save(store.segment), crashed, {}, false);
    check(crashed.segment, 5, 0, 3, 0);
    Add(crashed.segment.statements.shared->evictions, 1);
    Add(crashed.segment.slow_log.shared->plans_lost[2], 1);
    check(crashed.segment, 6, 1, 4, 1);
    const TestSegment after_stop;
    TestStore stopped = after_stop.Store();
    Restore(Save(crashed.segment, true), stopped, {}, true);
    check(stopped.segment, 6, 1, 4, 1);
}

// A record whose frame is sound may still have been written by somebody else.
TEST(SavedParts, NoRecordIsBelieved) {
    const TestSegment memory;
    TestStore store = memory.Store();
    FailSome(store.segment);
    WriteSlow(store.segment, 3);
    Add(store.segment.statements.shared->evictions, 5);
    bool is_new = false;
    const NPlusOneHandle handle =
        store.segment.n_plus_one.FindOrClaim({5, 10, 0, 70, 80}, 1, kNowUs, &is_new);
    store.segment.n_plus_one.Count(handle, 2, 60, 5000, kNowUs + 9);
    const std::string base = Save(store.segment);
    for (std::size_t at = sizeof(FrameHeader); at < base.size(); at += kDamageStep) {
        for (const int flip : {1, 0x80, 0xff}) {
            std::string damaged = base;
            damaged[at] = static_cast<char>(damaged[at] ^ flip);
            FrameHeader header{};
            std::memcpy(&header, damaged.data(), sizeof(header));
            FinishFrame(damaged.data(), header, std::string_view(damaged).substr(sizeof(header)));
            const TestSegment fresh;
            TestStore restored = fresh.Store();
            EXPECT_EQ(Restore(damaged, restored).damaged, 0U);
        }
    }
}

}  // namespace
}  // namespace elile::core
