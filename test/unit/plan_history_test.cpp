#include "core/statements/plan_history.hpp"

#include <gtest/gtest.h>

#include "core/shared/log_budget.hpp"
#include "segment_fixture.hpp"

namespace elile::core {
namespace {

class Plans : public testing::Test {
protected:
    PlanNews Note(std::uint64_t plan_id, std::uint64_t duration_ns) {
        return NotePlan(history_, segment_.details, plan_id, duration_ns, ++now_us_);
    }

    TestSegment memory_;
    OwnSegment segment_ = memory_.View();
    PlanHistory history_{};
    std::uint64_t now_us_ = 0;
};

TEST_F(Plans, AChangeForTheWorseIsToldOnce) {
    for (int run = 0; run < 5; ++run) {
        EXPECT_FALSE(Note(1, 1000).regressed);
    }
    EXPECT_EQ(Get(history_.changed_at_us), 0U);
    int told = 0;
    for (int run = 0; run < 5; ++run) {
        const PlanNews news = Note(2, 2500);
        if (news.regressed) {
            ++told;
            EXPECT_EQ(news.mean_before_ns, 1000);
            EXPECT_EQ(news.mean_after_ns, 2500);
        }
    }
    EXPECT_EQ(told, 1);
    EXPECT_EQ(Get(history_.regressed), 1U);
    EXPECT_EQ(Get(history_.seen), 2U);
    EXPECT_EQ(Get(history_.changed_at_us), 6U);
    Note(1, 1000);
    EXPECT_EQ(Get(history_.regressed), 0U);
    EXPECT_EQ(Get(history_.seen), 2U);
}

TEST_F(Plans, AChangeForTheBetterIsNot) {
    for (const std::uint64_t plan : {1, 2}) {
        for (int run = 0; run < 5; ++run) {
            EXPECT_FALSE(Note(plan, 1000 * (3 - plan)).regressed);
        }
    }
    EXPECT_EQ(Get(history_.regressed), 0U);
}

TEST_F(Plans, AlternatingPlansAreNoRegression) {
    for (int run = 0; run < 20; ++run) {
        EXPECT_FALSE(Note(1 + run % 2, run % 2 == 0 ? 1000 : 9000).regressed);
    }
    EXPECT_EQ(Get(history_.seen), 2U);
}

TEST_F(Plans, ShareATextUntilMoreAreSeenThanKept) {
    const std::uint32_t fresh = segment_.details.FreeBlocks();
    for (std::uint64_t plan = 1; plan <= 3 * kPlansKept; ++plan) {
        Note(plan, 1000);
        EXPECT_EQ(TakePlanText(history_, segment_.details, plan), 0U);
        const std::uint32_t text = segment_.details.Store("Seq Scan", 6);
        KeepPlanText(history_, segment_.details, plan, text);
        EXPECT_EQ(TakePlanText(history_, segment_.details, plan), text);
        segment_.details.Release(text);
        segment_.details.Release(text);
    }
    EXPECT_EQ(TakePlanText(history_, segment_.details, 1), 0U);
    EXPECT_EQ(segment_.details.FreeBlocks(), fresh - kPlansKept);
    ClearHistory(history_, segment_.details);
    EXPECT_EQ(segment_.details.FreeBlocks(), fresh);
}

TEST_F(Plans, WhoFindsItTakenLeavesItAlone) {
    history_.busy.store(1);
    EXPECT_FALSE(Note(1, 1000).regressed);
    EXPECT_EQ(Get(history_.seen), 0U);
    EXPECT_FALSE(KeepPlanText(history_, segment_.details, 1, 0));
    EXPECT_TRUE(MendHistory(history_, segment_.details));
    Note(1, 1000);
    EXPECT_EQ(Get(history_.seen), 1U);
    EXPECT_TRUE(KeepPlanText(history_, segment_.details, 1, 0));
}

TEST(LogBudget, EndsWithTheLimitAndBeginsAnewEachSecond) {
    LogBudget budget;
    for (const std::uint32_t second : {5U, 6U}) {
        int taken = 0;
        for (int line = 0; line < 10; ++line) {
            taken += budget.Take(second, 3) ? 1 : 0;
        }
        EXPECT_EQ(taken, 3);
    }
    EXPECT_FALSE(budget.Take(7, 0));
}

}  // namespace
}  // namespace elile::core
