// Each execution is counted once, through eviction, folding, reset and the repair after a crash.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

constexpr Target kTarget{1, Operation::kSelect};
const ResourceUse kNoUse{};

// As a session does it: make the entry, run, add; make it anew when it went meanwhile; and when
// even that one went, its table has the execution.
void Execute(TestStore& store, std::uint64_t queryid, std::uint64_t duration_ns) {
    Handle handle = store.Find(Key(queryid));
    const FinishedRun sample{duration_ns, 1, false, false};
    if (!store.AddExecution(handle, sample, kNoUse)) {
        handle = store.Insert(Key(queryid), {kTarget, 0, 1});
        if (!store.AddExecution(handle, sample, kNoUse)) {
            handle = store.Insert(Key(queryid), {kTarget, 0, 1});
            if (!store.AddExecution(handle, sample, kNoUse)) {
                store.AddLeftover(kTarget, sample);
            }
        }
    }
}

void FoldAll(TestStore& store) {
    for (int round = 0; round < 100; ++round) {
        store.Fold();
    }
}

TEST(StatementStore, SessionsThatChurnCountEachExecutionOnce) {
    const TestSegment memory;
    constexpr int kSessions = 4;
    constexpr int kRounds = 20000;
    std::atomic<bool> done = false;
    std::thread reader([&] {
        std::uint64_t last = 0;
        const OwnSegment segment = memory.View();
        while (!done) {
            if (segment.statements.shared->gate.TryShared()) {
                const std::uint64_t now = Total(segment).calls;
                segment.statements.shared->gate.LeaveShared();
                EXPECT_GE(now, last);
                last = now;
            }
        }
    });
    std::vector<std::thread> sessions;
    for (std::uint32_t session = 0; session < kSessions; ++session) {
        sessions.emplace_back([&memory, session] {
            TestStore store = memory.Store(session);
            std::mt19937 random(session);
            for (int round = 0; round < kRounds; ++round) {
                const std::uint64_t queryid = round % 4 == 0 ? 1 : 1 + random() % 2000;
                Execute(store, queryid, 1000 + random() % 1000000);
            }
        });
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    done = true;
    reader.join();
    TestStore store = memory.Store();
    FoldAll(store);
    const TallySnapshot sum = Total(memory.View());
    EXPECT_EQ(sum.calls, std::uint64_t{kSessions} * kRounds);
    EXPECT_EQ(Buckets(sum), sum.calls);
    EXPECT_GT(Get(store.segment.statements.shared->evictions), 0U);
    EXPECT_LE(Get(store.segment.statements.shared->live), kSmallSizes.statements + kSessions);
}

TEST(StatementStore, SessionsThatMeetANewStatementTogetherShareItsEntry) {
    for (int round = 0; round < 200; ++round) {
        const TestSegment memory;
        std::vector<std::thread> sessions;
        std::atomic<int> waiting = 4;
        for (std::uint32_t session = 0; session < 4; ++session) {
            sessions.emplace_back([&memory, &waiting, session] {
                TestStore store = memory.Store(session);
                --waiting;
                while (waiting > 0) {
                }
                Execute(store, 7, 5000);
            });
        }
        for (std::thread& session : sessions) {
            session.join();
        }
        TestStore store = memory.Store();
        FoldAll(store);
        const Handle handle = store.Find(Key(7));
        ASSERT_TRUE(handle.IsValid());
        EXPECT_EQ(Get(store.segment.statements.shared->live), 1U);
        EXPECT_EQ(Get(store.segment.statements.entries[handle.slot].counters.tally.calls), 4U);
    }
}

TEST(StatementStore, WhatRunsOftenOutlivesNewcomers) {
    const TestSegment memory;
    TestStore store = memory.Store();
    for (std::uint64_t round = 0; round < 1000; ++round) {
        Execute(store, 1, 5000);
    }
    for (std::uint64_t newcomer = 100; newcomer < 20100; ++newcomer) {
        Execute(store, newcomer, 5000);
        if (newcomer % 20 == 0) {
            Execute(store, 1, 5000);
        }
    }
    const Handle hot = store.Find(Key(1));
    ASSERT_TRUE(hot.IsValid());
    EXPECT_EQ(Get(store.segment.statements.entries[hot.slot].counters.tally.calls), 2000U);
}

TEST(StatementStore, AnEntryThatWentIsNoticed) {
    const TestSegment memory;
    TestStore store = memory.Store();
    const Handle handle = store.Insert(Key(1), {kTarget, 0, 1});
    ASSERT_TRUE(store.TryReset(0, 0, 0, 2));
    EXPECT_FALSE(store.AddExecution(handle, {5000, 1, false, false}, kNoUse));
    EXPECT_FALSE(store.Find(Key(1)).IsValid());
}

TEST(StatementStore, AHazardKeepsItsEntryFromBeingFolded) {
    const TestSegment memory;
    TestStore store = memory.Store();
    const TestStore adder = memory.Store(3);
    const Handle handle = store.Insert(Key(1), {kTarget, 0, 1});
    Put(adder.segment.statements.hazards[3].slot, handle.slot + 1);
    ASSERT_TRUE(store.TryReset(0, 0, 0, 2));
    FoldAll(store);
    EXPECT_EQ(StateOf(Get(store.segment.statements.entries[handle.slot].tag)),
              EntryState::kRetired);
    Put(adder.segment.statements.hazards[3].slot, 0);
    FoldAll(store);
    EXPECT_EQ(StateOf(Get(store.segment.statements.entries[handle.slot].tag)), EntryState::kFree);
}

TEST(StatementStore, ResetForgetsAllAndFreesAll) {
    const TestSegment memory;
    TestStore store = memory.Store();
    const Segment& segment = store.segment;
    const std::uint32_t octaves = segment.statements.octaves.free.Count();
    const std::uint32_t texts = segment.texts.FreeBlocks();
    const std::uint32_t entries = segment.statements.free_entries.Count();
    for (std::uint64_t queryid = 1; queryid <= 50; ++queryid) {
        const std::uint32_t text = store.segment.texts.Store("select 1", 6);
        const Handle handle = store.Insert(Key(queryid), {kTarget, text, 1});
        store.AddExecution(handle, {queryid * 100000, 1, false, false}, kNoUse);
    }
    store.AddLeftover(kTarget, {5000, 1, false, false});
    ASSERT_TRUE(store.TryReset(0, 0, 7, 2));
    EXPECT_FALSE(store.Find(Key(7)).IsValid());
    EXPECT_TRUE(store.Find(Key(8)).IsValid());
    ASSERT_TRUE(store.TryReset(0, 0, 0, 2));
    FoldAll(store);
    EXPECT_EQ(Total(segment).Executions(), 0U);
    EXPECT_EQ(segment.statements.octaves.free.Count(), octaves);
    EXPECT_EQ(segment.texts.FreeBlocks(), texts);
    EXPECT_EQ(segment.statements.free_entries.Count(), entries);
}

TEST(StatementStore, RepairMendsWhatACrashLeft) {
    const TestSegment memory;
    TestStore store = memory.Store();
    Segment& segment = store.segment;
    const std::uint32_t texts = segment.texts.FreeBlocks();
    const std::uint32_t octaves = segment.statements.octaves.free.Count();
    for (std::uint64_t queryid = 1; queryid <= 20; ++queryid) {
        Execute(store, queryid, 2000000);
    }
    const Handle half = store.Find(Key(3));
    // Killed in its bucket: the call is missing.
    const std::uint32_t octave =
        Get(segment.statements.entries[half.slot].counters.tally.octave[11]);
    ASSERT_NE(octave, 0U);
    segment.statements.octaves.octaves[octave - 1].count[0].fetch_add(1);
    // Killed while making an entry, folding, adding, and holding blocks that nobody refers to.
    const std::uint32_t filling = segment.statements.free_entries.Pop();
    segment.statements.entries[filling].tag.fetch_add(1);
    const Handle folding = store.Find(Key(4));
    segment.statements.entries[folding.slot].tag.fetch_add(1);
    segment.statements.entries[folding.slot].flags.fetch_or(kFolding);
    Put(segment.statements.hazards[2].slot, 5);
    ASSERT_TRUE(segment.statements.shared->gate.TryExclusive());
    segment.statements.octaves.free.Pop();
    segment.texts.Store("lost", 6);
    for (Bucket& bucket : segment.statements.buckets) {
        Put(bucket.cells[0], 0);
    }
    segment.header->generation.fetch_add(1);
    EXPECT_FALSE(store.IsReady());

    store.Repair();
    Put(segment.header->repaired, Get(segment.header->generation));

    EXPECT_TRUE(store.IsReady());
    EXPECT_EQ(Get(segment.header->repaired_slots), 3U);
    EXPECT_EQ(Get(segment.statements.shared->live), 19U);
    for (std::uint64_t queryid = 1; queryid <= 20; ++queryid) {
        EXPECT_EQ(store.Find(Key(queryid)).IsValid(), queryid != 4) << queryid;
    }
    EXPECT_EQ(Get(segment.statements.entries[half.slot].counters.tally.calls), 2U);
    EXPECT_EQ(Buckets(Total(segment)), Total(segment).Executions());
    EXPECT_EQ(segment.texts.FreeBlocks(), texts);
    EXPECT_EQ(segment.statements.octaves.free.Count(), octaves - 19);
    Execute(store, 3, 2000000);
    EXPECT_EQ(Get(segment.statements.entries[half.slot].counters.tally.calls), 3U);
}

}  // namespace
}  // namespace elile::core
