// What is recommended and what is said go together, whatever was seen.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "core/pools/advice.hpp"
#include "core/pools/refusals.hpp"

#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

class PoolAdviceTest : public testing::Test {
protected:
    // A look at `sessions`, of which as many are in use as there are clients who want one.
    void Look(std::uint32_t sessions, std::uint32_t wanted) {
        PoolFigures& figures = pool_->current.figures;
        const std::uint32_t used = std::min(sessions, wanted);
        ++figures.looks;
        figures.sessions += sessions;
        figures.checked_out += used;
        figures.waiting += wanted - used;
        figures.waiting_looks += wanted > used ? 1 : 0;
        figures.full_looks += used == sessions ? 1 : 0;
        figures.peak_sessions = std::max(figures.peak_sessions, sessions);
        figures.peak_demand = std::max(figures.peak_demand, wanted);
        if (wanted > 0) {
            ++figures.busy_looks;
            pool_->current.Add(wanted);
        }
    }
    void Looks(std::uint32_t sessions, std::uint32_t wanted, std::uint32_t looks = kLooksNeeded) {
        for (std::uint32_t look = 0; look < looks; ++look) {
            Look(sessions, wanted);
        }
    }
    PoolAdvice Get(double told_size = -1, double refused_per_s = 0, double statements_busy = 0,
                   std::uint32_t available = 97) {
        return Advise({pool_.get(), told_size, refused_per_s, statements_busy, available});
    }

    std::unique_ptr<ObservedPool> pool_{new ObservedPool()};
};

TEST_F(PoolAdviceTest, RecommendsNothingBeforeEnoughWasSeen) {
    Looks(5, 5, kLooksNeeded - 1);
    EXPECT_EQ(Get().finding, PoolFinding::kNotEnough);
    EXPECT_EQ(Get().size, 0U);
    EXPECT_EQ(Get().latest, nullptr);
    Look(5, 5);
    EXPECT_EQ(Get().finding, PoolFinding::kRightSized);
}

TEST_F(PoolAdviceTest, RightSized) {
    Looks(20, 20);
    const PoolAdvice advice = Get();
    EXPECT_EQ(advice.finding, PoolFinding::kRightSized);
    EXPECT_EQ(advice.size, 20U);
    EXPECT_EQ(advice.overflow, 2U);
    EXPECT_DOUBLE_EQ(advice.concurrency, 20);
    EXPECT_TRUE(advice.is_full);
}

TEST_F(PoolAdviceTest, TooLargeOfSessionsAndOfWhatWasTold) {
    Looks(60, 18);
    EXPECT_EQ(Get().finding, PoolFinding::kTooLarge);
    EXPECT_EQ(Get().size, 18U);
    EXPECT_EQ(Get(19).finding, PoolFinding::kRightSized);
    EXPECT_EQ(Get(60).finding, PoolFinding::kTooLarge);
    EXPECT_EQ(Get(10).finding, PoolFinding::kTooSmall);
}

TEST_F(PoolAdviceTest, TooSmallWithThoseWhoWait) {
    Looks(4, 12);
    const PoolAdvice advice = Get();
    EXPECT_EQ(advice.finding, PoolFinding::kTooSmall);
    EXPECT_EQ(advice.size, 12U);
    EXPECT_DOUBLE_EQ(advice.concurrency, 4);
}

TEST_F(PoolAdviceTest, TooSmallWithThoseWhoWereRefused) {
    Looks(5, 5);
    EXPECT_EQ(Get(-1, 0.001).finding, PoolFinding::kTooSmall);
    EXPECT_EQ(Get(-1, 0.001).size, 8U);
    EXPECT_EQ(Get(-1, 1000).size, 20U);
    pool_ = std::make_unique<ObservedPool>();
    Looks(5, 1);
    EXPECT_EQ(Get(-1, 0.001).finding, PoolFinding::kTooLarge);
}

TEST_F(PoolAdviceTest, IdlePools) {
    Looks(1, 0);
    EXPECT_EQ(Get().finding, PoolFinding::kRightSized);
    EXPECT_EQ(Get().size, 1U);
    EXPECT_EQ(Get().concurrency, 0);
    Looks(12, 0);
    EXPECT_EQ(Get().finding, PoolFinding::kTooLarge);
}

TEST_F(PoolAdviceTest, TimesOfIdlenessSayNothingOfTheSize) {
    Looks(20, 0, 2000);
    Looks(20, 19);
    EXPECT_EQ(Get().size, 19U);
    EXPECT_DOUBLE_EQ(Get().concurrency, 19);
    EXPECT_EQ(Get().finding, PoolFinding::kRightSized);
}

TEST_F(PoolAdviceTest, ChurnIsOpeningOftenAndKeepingShortly) {
    Looks(2, 2);
    pool_->current.figures.opened = 300;
    EXPECT_EQ(Get().finding, PoolFinding::kChurn);
    EXPECT_DOUBLE_EQ(MeanLifeSeconds(pool_->current.figures), 0.2);
    pool_->current.figures.opened = 29;  // less than one a second
    EXPECT_EQ(Get().finding, PoolFinding::kRightSized);
    pool_ = std::make_unique<ObservedPool>();
    Looks(200, 200);
    pool_->current.figures.opened = 200;  // a large pool that has just started
    EXPECT_EQ(Get(-1, 0, 0, 400).finding, PoolFinding::kRightSized);
}

TEST_F(PoolAdviceTest, IdleInTransactionIsSaidFirst) {
    Looks(4, 12);
    pool_->current.figures.lingering = pool_->current.figures.checked_out / 10;
    pool_->current.figures.opened = 300;
    EXPECT_EQ(Get().finding, PoolFinding::kIdleInTransaction);
    pool_->current.figures.lingering -= 1;
    EXPECT_EQ(Get().finding, PoolFinding::kChurn);
}

TEST_F(PoolAdviceTest, HalfOfTheTimeIdleInTransactionsIsHeldAndNotUsed) {
    Looks(20, 20);
    PoolFigures& figures = pool_->current.figures;
    figures.in_transaction = figures.checked_out * 77 / 100;
    EXPECT_EQ(Get().finding, PoolFinding::kIdleInTransaction);
    EXPECT_EQ(Get().size, 20U);
    figures.in_transaction = figures.checked_out / 2;
    EXPECT_EQ(Get().finding, PoolFinding::kIdleInTransaction);
    figures.in_transaction -= 1;
    EXPECT_EQ(Get().finding, PoolFinding::kRightSized);
    pool_ = std::make_unique<ObservedPool>();
    Looks(60, 18);
    pool_->current.figures.in_transaction = pool_->current.figures.checked_out;
    EXPECT_EQ(Get().finding, PoolFinding::kTooLarge);
    EXPECT_EQ(Get(18).finding, PoolFinding::kIdleInTransaction);
    EXPECT_EQ(Get(10).finding, PoolFinding::kTooSmall);
    pool_ = std::make_unique<ObservedPool>();
    Looks(1, 0);
    EXPECT_EQ(Get().finding, PoolFinding::kRightSized);
}

TEST_F(PoolAdviceTest, NoMoreThanTheServerHas) {
    Looks(90, 300);
    EXPECT_EQ(Get().finding, PoolFinding::kAboveLimit);
    EXPECT_EQ(Get().size + Get().overflow, 97U);
    EXPECT_EQ(Get(-1, 0, 0, 500).finding, PoolFinding::kTooSmall);
}

TEST_F(PoolAdviceTest, StatementsAloneAreALowerBound) {
    Looks(20, 8);
    EXPECT_EQ(Get(-1, 0, 17.2).size, 18U);
    EXPECT_EQ(Get(-1, 0, 7.9).size, 8U);
}

TEST_F(PoolAdviceTest, TheBusiestWindowIsWhatCounts) {
    Looks(20, 16);
    pool_->busiest = pool_->current;
    pool_->current = {};
    pool_->last = pool_->busiest.figures;
    EXPECT_EQ(Get().size, 16U);
    EXPECT_EQ(Get().latest, &pool_->last);
    Looks(20, 2);
    EXPECT_EQ(Get().size, 16U);
    EXPECT_EQ(Get().finding, PoolFinding::kRightSized);
    EXPECT_EQ(Get().latest, &pool_->current.figures);
    // It has shrunk since, for nobody wanted more; or it was made too small.
    pool_->current = {};
    Looks(4, 2);
    EXPECT_EQ(Get().finding, PoolFinding::kRightSized);
    EXPECT_EQ(Get().present, 20U);
    EXPECT_EQ(Get(-1, 0.1).finding, PoolFinding::kTooSmall);
    Look(4, 5);
    EXPECT_EQ(Get().finding, PoolFinding::kTooSmall);
    EXPECT_EQ(Get().present, 4U);
    pool_->current = {};
    Looks(40, 40);
    EXPECT_EQ(Get().size, 40U);
}

// Whatever was seen, the row tells one story.
TEST_F(PoolAdviceTest, TheFindingFollowsFromTheRecommendation) {
    std::mt19937 random(1);
    const auto below = [&random](std::uint32_t most) {
        return static_cast<std::uint32_t>(random() % most);
    };
    for (int round = 0; round < 3000; ++round) {
        pool_ = std::make_unique<ObservedPool>();
        const std::uint32_t sessions = 1 + below(80);
        const std::uint32_t wanted = 1 + below(80);
        for (std::uint32_t look = 0; look < kLooksNeeded; ++look) {
            Look(sessions, below(wanted));
        }
        const double told = below(2) == 0 ? -1 : below(80);
        const PoolAdvice advice = Get(told, below(3) == 0 ? 0.1 : 0, 0, 1000);
        ASSERT_GE(advice.size, 1U);
        const double present = advice.present;
        switch (advice.finding) {
            case PoolFinding::kTooLarge:
                ASSERT_GT(present, 1.25 * advice.size);
                break;
            case PoolFinding::kTooSmall:
                ASSERT_LT(present, 0.75 * advice.size);
                break;
            case PoolFinding::kRightSized:
                ASSERT_GE(present, 0.75 * advice.size);
                ASSERT_LE(present, std::max({1.25 * advice.size, advice.size + 1.0,
                                             told < 0 ? 1.0 * advice.size + advice.overflow : 0}));
                break;
            default:
                FAIL() << kPoolFindingNames[static_cast<std::size_t>(advice.finding)];
        }
    }
}

TEST(Refusals, AreToldApartByNamesUntilTheyAreOver) {
    Refusals refusals;
    const PartMemory memory(refusals, kSmallSizes);
    constexpr std::uint64_t kStart = kRefusalLifeUs * 2;
    refusals.Note("app", "api", "web", kStart);
    refusals.Note("app", "api", "web", kStart + 5);
    refusals.Note("app", "api", "", kStart);
    EXPECT_EQ(refusals.Read("app", "api", "web", kStart + 10).count, 2U);
    EXPECT_EQ(refusals.Read("app", "api", "web", kStart + 10).first_us, kStart);
    EXPECT_EQ(refusals.Read("appa", "pi", "web", kStart + 10).count, 0U);
    const std::uint64_t later = kStart + kRefusalLifeUs + 2 * 1000 * 1000;
    EXPECT_EQ(refusals.Read("app", "api", "web", later).count, 0U);
    refusals.Note("app", "api", "web", later);
    EXPECT_EQ(refusals.Read("app", "api", "web", later).count, 1U);
    for (int at = 0; at < 100; ++at) {
        refusals.Note("app", "api", std::to_string(at).c_str(), later);
    }
    EXPECT_EQ(refusals.Sum(), 104U);
    EXPECT_EQ(refusals.Read("app", "api", "0", later).count, 1U);
    EXPECT_EQ(refusals.Read("app", "api", "99", later).count, 0U);
}

}  // namespace
}  // namespace elile::core
