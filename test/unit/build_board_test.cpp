#include "core/indexes/board.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "core/indexes/progress.hpp"
#include "core/shared/seam.hpp"

#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

class BuildBoardTest : public testing::Test {
protected:
    BuildBoard board_;
    PartMemory memory_{board_, kSmallSizes};
};

TEST_F(BuildBoardTest, WantedDatabasesAreKeptOnceUntilWithdrawn) {
    EXPECT_TRUE(board_.Want(5));
    EXPECT_TRUE(board_.Want(5));
    std::uint32_t found = 0;
    for (std::uint32_t place = 0; place < kWantedDatabases; ++place) {
        found += board_.WantedAt(place) == 5 ? 1 : 0;
    }
    EXPECT_EQ(found, 1U);
    board_.Withdraw(0);
    EXPECT_EQ(board_.WantedAt(0), 0U);
}

TEST_F(BuildBoardTest, WithoutRoomADatabaseIsRefused) {
    for (std::uint32_t dbid = 1; dbid <= kWantedDatabases; ++dbid) {
        EXPECT_TRUE(board_.Want(dbid));
    }
    EXPECT_FALSE(board_.Want(kWantedDatabases + 1));
    EXPECT_TRUE(board_.Want(1)) << "one that is there needs no room";
}

// Keeper and builder both free a slot; the next build begins in between.
TEST_F(BuildBoardTest, ASlotThatIsFreedTwiceKeepsTheNextBuildersPid) {
    static BuildBoard* board = nullptr;
    board = &board_;
    const std::uint32_t slot = board_.Take(BuildKey(1, 7), 2);
    board_.SetPid(slot, 70);
    seam_hook = [](Seam) {
        seam_hook = nullptr;
        board->Free(0, BuildKey(1, 7));
        board->SetPid(board->Take(BuildKey(1, 8), 2), 80);
    };
    board_.Free(slot, BuildKey(1, 7));
    EXPECT_EQ(board_.PidOf(BuildKey(1, 8)), 80U);
    EXPECT_EQ(board_.PidOf(BuildKey(1, 7)), 0U);
    EXPECT_NE(board_.Take(BuildKey(1, 9), 2), kBuildSlots) << "only one is taken";
}

TEST_F(BuildBoardTest, NoMoreSlotsThanTheLimit) {
    const std::uint32_t slot = board_.Take(BuildKey(1, 7), 1);
    ASSERT_LT(slot, kBuildSlots);
    EXPECT_EQ(board_.Take(BuildKey(1, 8), 1), kBuildSlots);
    board_.SetPid(slot, 4711);
    EXPECT_TRUE(board_.Has(BuildKey(1, 7)));
    EXPECT_EQ(board_.PidOf(BuildKey(1, 7)), 4711U);
    EXPECT_EQ(board_.PidOf(BuildKey(2, 7)), 0U) << "another database's build of that number";
    board_.Free(slot, BuildKey(1, 8));
    EXPECT_TRUE(board_.Has(BuildKey(1, 7))) << "only its own key frees a slot";
    board_.Free(slot, BuildKey(1, 7));
    board_.Free(slot, BuildKey(1, 7));
    EXPECT_FALSE(board_.Has(BuildKey(1, 7)));
    EXPECT_LT(board_.Take(BuildKey(1, 8), 1), kBuildSlots);
    EXPECT_EQ(board_.Take(BuildKey(1, 9), 1), kBuildSlots) << "freed twice, it counts once";
}

TEST_F(BuildBoardTest, ThreadsNeverHoldMoreThanTheLimit) {
    constexpr std::uint32_t kLimit = 3;
    std::atomic<std::uint32_t> held{0};
    std::atomic<std::uint32_t> most{0};
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 1; thread <= 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (int round = 0; round < 2000; ++round) {
                const std::uint64_t key = BuildKey(1, thread);
                const std::uint32_t slot = board_.Take(key, kLimit);
                if (slot == kBuildSlots) {
                    continue;
                }
                const std::uint32_t now = held.fetch_add(1) + 1;
                std::uint32_t seen = most.load();
                while (now > seen && !most.compare_exchange_weak(seen, now)) {
                }
                held.fetch_sub(1);
                board_.Free(slot, key);
            }
        });
    }
    threads.clear();
    EXPECT_LE(most.load(), kLimit);
    EXPECT_LT(board_.Take(BuildKey(9, 9), 1), kBuildSlots) << "all of them are free again";
}

TEST_F(BuildBoardTest, AfterACrashAllIsFreeAndAllDatabasesAreWanted) {
    board_.Take(BuildKey(1, 7), 1);
    board_.Repair();
    EXPECT_FALSE(board_.Has(BuildKey(1, 7)));
    EXPECT_LT(board_.Take(BuildKey(1, 8), 1), kBuildSlots);
    EXPECT_TRUE(board_.TakeAllWanted());
    EXPECT_FALSE(board_.TakeAllWanted());
}

TEST(BuildProgressTest, CountsWhatThePhaseCounts) {
    std::int64_t parameters[20] = {};
    EXPECT_STREQ(ProgressOf(parameters).phase, "initializing");
    EXPECT_LT(ProgressOf(parameters).percent, 0);
    parameters[9] = 2;
    parameters[15] = 200;
    parameters[16] = 50;
    EXPECT_STREQ(ProgressOf(parameters).phase, "building index");
    EXPECT_EQ(ProgressOf(parameters).percent, 25) << "blocks scanned";
    parameters[11] = 1000;
    parameters[12] = 900;
    EXPECT_EQ(ProgressOf(parameters).percent, 90) << "tuples loaded";
    parameters[9] = 7;
    parameters[3] = 4;
    parameters[4] = 1;
    EXPECT_STREQ(ProgressOf(parameters).phase, "waiting for old snapshots");
    EXPECT_EQ(ProgressOf(parameters).percent, 25) << "lockers that have gone";
    parameters[9] = 99;
    EXPECT_EQ(ProgressOf(parameters).phase, nullptr);
}

}  // namespace
}  // namespace elile::core
