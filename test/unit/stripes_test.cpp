// A hot statement's stripes: who gets them, and that nothing counted in them is lost.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "segment_fixture.hpp"

namespace elile::core {
namespace {

// On a busy machine two threads seldom run at once.
constexpr auto kPatience = std::chrono::minutes(5);

bool IsInTime(std::uint64_t round) {
    static const auto deadline = std::chrono::steady_clock::now() + kPatience;
    return round % 4096 != 0 || std::chrono::steady_clock::now() < deadline;
}

ResourceUse OneBlock() {
    ResourceUse use;
    use.Add(kSharedBlksHit, 1);
    return use;
}

std::uint64_t BlocksOf(const Segment& segment, const Entry& entry) {
    std::uint64_t blocks = 0;
    segment.statements.ForEachCounters(
        entry, [&blocks](const Counters& unit) { blocks += Get(unit.resources[kSharedBlksHit]); });
    return blocks;
}

// Two sessions add to one statement until it has stripes, and a while longer. Returns how often.
std::uint64_t MakeHot(const TestSegment& memory, const Handle& handle) {
    const OwnSegment segment = memory.View();
    std::atomic<std::uint64_t> added = 0;
    std::vector<std::thread> sessions;
    for (std::uint32_t session = 0; session < 2; ++session) {
        sessions.emplace_back([&, session] {
            TestStore store = memory.Store(session);
            const FinishedRun sample{5000 + session, 1, false, false};
            std::uint64_t mine = 0;
            for (int after = 0; after < 1000 && IsInTime(mine); ++mine) {
                EXPECT_TRUE(store.AddExecution(handle, sample, OneBlock()));
                after += Get(segment.statements.entries[handle.slot].stripes) != 0 ? 1 : 0;
            }
            added += mine;
        });
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    return added;
}

class Stripes : public testing::Test {
protected:
    void SetUp() override {
        if (std::thread::hardware_concurrency() < 2) {
            GTEST_SKIP() << "two sessions meet on one processor only by chance";
        }
    }

    TestSegment memory_;
    TestStore store_ = memory_.Store();
    Handle hot_ = store_.Insert(Key(1), {{1, Operation::kSelect}, 0, 1});

    Entry& HotEntry() { return store_.segment.statements.entries[hot_.slot]; }
};

TEST_F(Stripes, AStatementThatOneSessionRunsHasNone) {
    for (int round = 0; round < 10000; ++round) {
        store_.AddExecution(hot_, {5000, 1, false, false}, OneBlock());
    }
    EXPECT_EQ(Get(HotEntry().stripes), 0U);
}

TEST_F(Stripes, SessionsThatCollideGetThemAndTheSumIsExact) {
    const std::uint64_t added = MakeHot(memory_, hot_);
    ASSERT_NE(Get(HotEntry().stripes), 0U);
    TallySnapshot sum;
    store_.segment.statements.AddTalliesOf(HotEntry(), sum);
    EXPECT_EQ(sum.calls, added);
    EXPECT_EQ(sum.rows, added);
    EXPECT_EQ(Buckets(sum), added);
    EXPECT_EQ(sum.min_ns, 5000U);
    EXPECT_EQ(sum.max_ns, 5001U);
    EXPECT_EQ(BlocksOf(store_.segment, HotEntry()), added);
}

TEST_F(Stripes, GoBackToThePoolWithTheirSumsFolded) {
    const std::uint32_t before = store_.segment.statements.stripes.free.Count();
    const std::uint64_t added = MakeHot(memory_, hot_);
    ASSERT_EQ(store_.segment.statements.stripes.free.Count(), before - 1);
    for (std::uint64_t newcomer = 100; store_.IsLive(hot_); ++newcomer) {
        store_.Insert(Key(newcomer), {{1, Operation::kSelect}, 0, 1});
    }
    store_.Fold();
    EXPECT_EQ(store_.segment.statements.stripes.free.Count(), before);
    EXPECT_EQ(Total(memory_.View()).calls, added);
}

TEST_F(Stripes, OutliveARepair) {
    const std::uint64_t added = MakeHot(memory_, hot_);
    const std::uint32_t set = Get(HotEntry().stripes);
    const std::uint32_t free = store_.segment.statements.stripes.free.Count();
    store_.Repair();
    EXPECT_EQ(Get(HotEntry().stripes), set);
    EXPECT_EQ(store_.segment.statements.stripes.free.Count(), free);
    TallySnapshot sum;
    store_.segment.statements.AddTalliesOf(HotEntry(), sum);
    EXPECT_EQ(sum.calls, added);
    EXPECT_EQ(Buckets(sum), added);
}

TEST_F(Stripes, ThatNobodyRefersToAreFreedByARepair) {
    MakeHot(memory_, hot_);
    Put(HotEntry().stripes, store_.segment.statements.stripes.size + 1);
    store_.Repair();
    EXPECT_EQ(Get(HotEntry().stripes), 0U);
    EXPECT_EQ(store_.segment.statements.stripes.free.Count(),
              store_.segment.statements.stripes.size);
    EXPECT_GT(Get(store_.segment.header->repaired_slots), 0U);
}

TEST_F(Stripes, AreCountedWhenThereAreNoneLeft) {
    while (store_.segment.statements.stripes.free.Pop() != kNoIndex) {
    }
    const OwnSegment segment = memory_.View();
    std::vector<std::thread> sessions;
    for (std::uint32_t session = 0; session < 2; ++session) {
        sessions.emplace_back([&, session] {
            TestStore store = memory_.Store(session);
            for (std::uint64_t round = 0;
                 Get(segment.statements.shared->stripes_dropped) == 0 && IsInTime(round); ++round) {
                store.AddExecution(hot_, {5000, 1, false, false}, OneBlock());
            }
        });
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    EXPECT_GT(Get(segment.statements.shared->stripes_dropped), 0U);
    EXPECT_EQ(Get(HotEntry().stripes), 0U);
}

TEST(ResourceUse, AddsWhatMovedAndForgetsTheRest) {
    ResourceUse use;
    use.Add(kWalBytes, 100);
    use.Clear();
    use.Add(kSharedBlksHit, 0);
    use.Add(kSharedBlksRead, 3);
    use.Add(kSharedBlksRead, 4);
    use.Add(kParallelWorkersLaunched, 2);
    std::array<Word, kResources> sums{};
    use.AddTo(sums);
    use.AddTo(sums);
    for (int resource = 0; resource < kResources; ++resource) {
        const std::uint64_t expected = resource == kSharedBlksRead            ? 14
                                       : resource == kParallelWorkersLaunched ? 4
                                                                              : 0;
        EXPECT_EQ(Get(sums[resource]), expected) << resource;
    }
}

}  // namespace
}  // namespace elile::core
