// The store between two steps of a session: another one acts there, or the session is killed.
// Afterwards each execution is counted once, and each part of the segment is in one place.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "core/shared/seam.hpp"
#include "unit/soundness.hpp"

namespace elile::core {
namespace {

constexpr Target kTarget{1, Operation::kSelect};
constexpr FinishedRun kRun{5000, 1, false, false};
const ResourceUse kNoUse{};

void ExpectSound(const Segment& segment) { EXPECT_EQ(FaultOf(segment), ""); }

void FoldAll(TestStore& store) {
    for (int round = 0; round < 100; ++round) {
        store.Fold();
    }
}

// As a session does it.
void Execute(TestStore& store, std::uint64_t queryid) {
    Handle handle = store.Find(Key(queryid));
    for (int attempt = 0; attempt < 3; ++attempt) {
        if (store.AddExecution(handle, kRun, kNoUse)) {
            return;
        }
        const std::uint32_t text = store.segment.texts.Store("select 1", 6);
        handle = store.Insert(Key(queryid), {kTarget, text, 1});
    }
    store.AddLeftover(kTarget, kRun);
}

// What another session does between two steps of the first one.
void ResetAll(TestStore& store) { store.TryReset(0, 0, 0, 2); }
void ResetOne(TestStore& store) { store.TryReset(0, 0, 7, 2); }
void Evict(TestStore& store) {
    for (std::uint64_t queryid = 1000; queryid < 1400; ++queryid) {
        Execute(store, queryid);
    }
}
void RunTheSame(TestStore& store) { Execute(store, 7); }
void Fold(TestStore& store) { FoldAll(store); }

struct Act {
    const char* name;
    void (*run)(TestStore&);
    std::uint64_t executions;
    bool forgets;
};
constexpr Act kActs[] = {{"reset of all", ResetAll, 0, true},
                         {"reset of one", ResetOne, 0, true},
                         {"eviction", Evict, 400, false},
                         {"the same statement", RunTheSame, 1, false},
                         {"folding", Fold, 0, false}};

const Act* awaited_act = nullptr;
TestStore* actor = nullptr;
Seam awaited = Seam::kEntrySteps;
std::uint64_t acted = 0;

void ActOnce(Seam passed) {
    if (passed == awaited && acted == 0) {
        ++acted;
        awaited_act->run(*actor);
    }
}

// New statements, of which the old ones fall out.
void Churn(TestStore& store, std::uint64_t statements) {
    for (std::uint64_t queryid = 7; queryid < 7 + statements; ++queryid) {
        Execute(store, queryid);
    }
}

TEST(StoreSeams, AnotherSessionBetweenAnyTwoStepsLosesNothing) {
    constexpr std::uint64_t kStatements = 300;
    for (const Act& each : kActs) {
        for (int seam = 0; seam < static_cast<int>(Seam::kEntrySteps); ++seam) {
            SCOPED_TRACE(testing::Message() << each.name << " at step " << seam);
            const TestSegment memory;
            TestStore store = memory.Store(0);
            TestStore second = memory.Store(1);
            awaited_act = &each;
            actor = &second;
            awaited = static_cast<Seam>(seam);
            acted = 0;
            seam_hook = ActOnce;
            Churn(store, kStatements);
            FoldAll(store);
            seam_hook = nullptr;
            EXPECT_EQ(acted, 1U);
            FoldAll(store);
            ExpectSound(memory.View());
            const std::uint64_t calls = Total(memory.View()).calls;
            const std::uint64_t executed = kStatements + acted * each.executions;
            EXPECT_LE(calls, executed);
            EXPECT_GE(calls, each.forgets ? 1 : executed);
            ResetAll(store);
            FoldAll(store);
            EXPECT_EQ(memory.View().texts.FreeBlocks(), kSmallSizes.text_blocks);
            ExpectSound(memory.View());
        }
    }
}

TEST(StoreSeams, SessionsThatGiveWayCountEachExecutionOnce) {
    const TestSegment memory;
    constexpr std::uint64_t kSessions = 4;
    constexpr std::uint64_t kRounds = 5000;
    std::vector<std::thread> sessions;
    for (std::uint32_t session = 0; session < kSessions; ++session) {
        sessions.emplace_back([&memory, session] {
            seam_hook = [](Seam) { sched_yield(); };
            TestStore store = memory.Store(session);
            std::mt19937 random(session);
            for (std::uint64_t round = 0; round < kRounds; ++round) {
                Execute(store, 1 + random() % 2000);
            }
        });
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    TestStore store = memory.Store();
    FoldAll(store);
    ExpectSound(memory.View());
    EXPECT_EQ(Total(memory.View()).calls, kSessions * kRounds);
}

TEST(StoreSeams, AResetBesideSessionsThatGiveWayLeavesNothingHalf) {
    const TestSegment memory;
    std::atomic<int> running = 3;
    std::vector<std::thread> sessions;
    for (std::uint32_t session = 0; session < 3; ++session) {
        sessions.emplace_back([&memory, &running, session] {
            seam_hook = [](Seam) { sched_yield(); };
            TestStore store = memory.Store(session);
            std::mt19937 random(session);
            for (int round = 0; round < 3000; ++round) {
                Execute(store, 1 + random() % 2000);
                store.AddLeftover(kTarget, kRun);
            }
            --running;
        });
    }
    TestStore store = memory.Store(3);
    while (running > 0) {
        ResetAll(store);
        sched_yield();
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    FoldAll(store);
    ExpectSound(memory.View());
}

// Memory that a forked process shares, and what it has done in it.
class SharedSegment {
public:
    SharedSegment() : bytes_(Segment::BytesFor(kSmallSizes) + sizeof(Word)) {
        memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        Segment::Format(memory_, kSmallSizes);
    }
    ~SharedSegment() { munmap(memory_, bytes_); }
    SharedSegment(const SharedSegment&) = delete;
    SharedSegment& operator=(const SharedSegment&) = delete;
    OwnSegment View() const { return OwnSegment(memory_); }
    TestStore Store(std::uint32_t backend) const { return {memory_, backend}; }
    Word& Executed() const {
        return *reinterpret_cast<Word*>(static_cast<char*>(memory_) + bytes_ - sizeof(Word));
    }

private:
    std::size_t bytes_;
    void* memory_;
};

int passes_left = 0;

void DieWhenDue(Seam) {
    if (passes_left-- == 0) {
        _exit(1);
    }
}

// Churns until it passes a seam for the time that is given. Returns whether it died there.
bool DiesAt(const SharedSegment& memory, int pass) {
    std::fflush(nullptr);  // or the child would write it too
    const pid_t child = fork();
    if (child == 0) {
        TestStore store = memory.Store(0);
        passes_left = pass;
        seam_hook = DieWhenDue;
        for (std::uint64_t queryid = 7; queryid < 207; ++queryid) {
            Execute(store, queryid);
            Add(memory.Executed(), 1);
        }
        FoldAll(store);
        Put(memory.Executed(), 0);
        ResetAll(store);
        FoldAll(store);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status) == 1;
}

TEST(StoreSeams, WhatASessionLeftThatWasKilledAtAnyStepIsMended) {
    bool died = true;
    for (int pass = 0; died; pass += pass < 100 ? 1 : 17) {
        SCOPED_TRACE(pass);
        const SharedSegment memory;
        died = DiesAt(memory, pass);
        TestStore store = memory.Store(1);
        OwnSegment segment = memory.View();
        segment.statements.shared->gate.CloseAfterCrash();
        segment.header->generation.fetch_add(1);
        store.Repair();
        Put(segment.header->repaired, Get(segment.header->generation));
        ExpectSound(segment);
        FoldAll(store);  // what a reset had begun to forget
        const std::uint64_t calls = Total(segment).calls;
        // Whose sums were being moved cannot be told; the one that ran may have been counted.
        if (Get(memory.Executed()) != 0) {
            EXPECT_GE(calls + 1, Get(memory.Executed()));
            EXPECT_LE(calls, Get(memory.Executed()) + 1);
        }
        Churn(store, 200);
        FoldAll(store);
        ExpectSound(segment);
        EXPECT_EQ(Total(segment).calls, calls + 200);
        ResetAll(store);
        FoldAll(store);
        ExpectSound(segment);
        EXPECT_EQ(segment.texts.FreeBlocks(), kSmallSizes.text_blocks);
        EXPECT_EQ(segment.statements.free_entries.Count(), segment.statements.entries.size());
    }
}

TEST(StoreSeams, OfTwoLikeEntriesThatACrashLeftOneStays) {
    const TestSegment memory;
    TestStore store = memory.Store(0);
    TestStore second = memory.Store(1);
    awaited_act = &kActs[3];
    actor = &second;
    awaited = Seam::kPublished;
    acted = 0;
    seam_hook = ActOnce;
    Execute(store, 7);
    seam_hook = nullptr;
    // The first one died before it had settled: both are live.
    OwnSegment segment = memory.View();
    for (std::uint32_t slot = 0; slot < segment.statements.entries.size(); ++slot) {
        Entry& entry = segment.statements.entries[slot];
        if (StateOf(Get(entry.tag)) == EntryState::kRetired) {
            Put(entry.tag, Get(entry.tag) - 1);
        }
    }
    store.Repair();
    FoldAll(store);
    ExpectSound(segment);
    EXPECT_EQ(Get(segment.statements.shared->live), 1U);
    EXPECT_EQ(Total(segment).calls, 2U);
}

TEST(StoreSeams, AfterACrashNobodySumsOrResetsBeforeTheRepair) {
    const TestSegment memory;
    TestStore store = memory.Store(0);
    Execute(store, 7);
    Gate& gate = store.segment.statements.shared->gate;
    ASSERT_TRUE(gate.TryShared());
    gate.CloseAfterCrash();
    EXPECT_FALSE(gate.TryShared());
    EXPECT_FALSE(store.TryReset(0, 0, 0, 2));
    store.AddLeftover(kTarget, kRun);
    EXPECT_EQ(Get(store.segment.statements.shared->not_ready), 1U);
    store.Repair();
    EXPECT_TRUE(gate.TryShared());
    gate.LeaveShared();
    EXPECT_TRUE(store.TryReset(0, 0, 0, 2));
}

}  // namespace
}  // namespace elile::core
