// Sessions as the keeper looks at them: told apart by database, user and application, each counted
// as opened once, bounded in number, with what was needed at once.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/pools/watch.hpp"

#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

constexpr std::uint64_t kSecondUs = 1'000'000;

PoolKey KeyFor(const std::string& application, std::uint32_t user = 10) {
    PoolKey key = {5, user, {}};
    application.copy(key.application, sizeof(key.application) - 1);
    return key;
}

class PoolWatchTest : public testing::Test {
protected:
    PoolWatchTest() {
        const std::uint32_t cells = PoolWatch::CellsFor(400);
        one_.resize(cells);
        other_.resize(cells);
        watch_ = PoolWatch(pools_.get(), one_.data(), other_.data(), cells);
    }
    SeenSession Session(std::uint32_t pid, const std::string& application,
                        SessionState state = SessionState::kIdle, std::uint64_t started = 1) {
        return {KeyFor(application), pid, state, started, now_us_};
    }
    void Look(const std::vector<SeenSession>& sessions) {
        now_us_ += kLookIntervalUs;
        watch_.Begin(now_us_, since_us_);
        for (const SeenSession& session : sessions) {
            watch_.See(session);
        }
        watch_.End();
    }
    const ObservedPool& Pool(const std::string& application) const {
        return pools_->pools[pools_->Find(KeyFor(application))];
    }
    std::uint64_t Opened() const {
        std::uint64_t sum = pools_->pools[kOtherPools].opened;
        for (std::uint32_t place = 0; place < pools_->used; ++place) {
            sum += pools_->pools[place].opened;
        }
        return sum;
    }

    std::unique_ptr<ObservedPools> pools_{new ObservedPools()};
    std::vector<TrackedSession> one_;
    std::vector<TrackedSession> other_;
    PoolWatch watch_;
    std::uint64_t now_us_ = 1000 * kSecondUs;
    std::uint64_t since_us_ = 1;
};

TEST_F(PoolWatchTest, CountsStatesPeaksAndDemand) {
    Look({Session(1, "api", SessionState::kActive), Session(2, "api", SessionState::kFastpath),
          Session(3, "api", SessionState::kIdleInTransaction),
          Session(4, "api", SessionState::kIdleInTransactionAborted), Session(5, "api")});
    Look({Session(1, "api"), Session(2, "api"), Session(3, "api", SessionState::kUnknown)});
    const ObservedPool& pool = Pool("api");
    EXPECT_EQ(pool.opened, 5U);
    EXPECT_EQ(pool.sessions, 3U);
    EXPECT_EQ(pool.peak_checked_out, 4U);
    const PoolFigures& figures = pool.current.figures;
    EXPECT_EQ(figures.looks, 2U);
    EXPECT_EQ(figures.busy_looks, 1U);
    EXPECT_EQ(figures.sessions, 8U);
    EXPECT_EQ(figures.checked_out, 4U);
    EXPECT_EQ(figures.in_transaction, 2U);
    EXPECT_EQ(figures.lingering, 0U);
    EXPECT_EQ(figures.peak_sessions, 5U);
    EXPECT_EQ(figures.full_looks, 0U);
}

TEST_F(PoolWatchTest, UsersAndApplicationsAreApart) {
    SeenSession of_another = Session(3, "api");
    of_another.pool.userid = 11;
    Look({Session(1, "api"), Session(2, ""), of_another});
    EXPECT_EQ(pools_->used, 3U);
    EXPECT_EQ(Pool("").sessions, 1U);
}

TEST_F(PoolWatchTest, EachSessionIsOpenedOnce) {
    const auto end = [this](std::uint32_t pid, std::uint64_t started) {
        watch_.NoteEnded({KeyFor("api"), pid, started});
    };
    Look({Session(1, "api")});
    now_us_ += kLookIntervalUs;
    watch_.Begin(now_us_, since_us_);
    watch_.See(Session(3, "api"));
    watch_.See(Session(1, "api", SessionState::kIdle, 7));  // the same number, another session
    watch_.See(Session(5, "api", SessionState::kIdle, 7));
    end(1, 1);  // was seen
    end(2, 1);  // was not
    end(2, 1);
    end(3, 1);  // is on its way out and still there
    end(5, 1);  // was not seen, and another session has its number
    watch_.End();
    EXPECT_EQ(Pool("api").opened, 6U);
    EXPECT_EQ(Pool("api").sessions, 3U);
    Look({Session(5, "api", SessionState::kIdle, 7), Session(1, "api", SessionState::kIdle, 7)});
    EXPECT_EQ(Pool("api").opened, 6U);
    // Gone from the table, and it said so before.
    now_us_ += kLookIntervalUs;
    watch_.Begin(now_us_, since_us_);
    end(5, 7);
    watch_.End();
    EXPECT_EQ(Pool("api").opened, 6U);
    Look({Session(6, "api"), Session(4, "renamed")});
    Look({Session(6, "renamed"), Session(4, "renamed")});
    EXPECT_EQ(Pool("api").opened, 7U);
    EXPECT_EQ(Pool("renamed").opened, 1U);
    EXPECT_EQ(Pool("renamed").sessions, 2U);
}

TEST_F(PoolWatchTest, OneThatCannotBeReadStaysWhatItWas) {
    const auto miss = [this](std::uint32_t pid) {
        now_us_ += kLookIntervalUs;
        watch_.Begin(now_us_, since_us_);
        watch_.See(Session(2, "other"));
        watch_.Miss(pid);
        watch_.NoteTransaction(1, 9);
        watch_.End();
    };
    Look({Session(1, "api", SessionState::kIdleInTransaction), Session(2, "other")});
    miss(1);
    EXPECT_EQ(Pool("api").sessions, 1U);
    miss(1);
    const PoolFigures& figures = Pool("api").current.figures;
    EXPECT_EQ(figures.looks, 3U);
    EXPECT_EQ(figures.checked_out, 3U);
    EXPECT_EQ(figures.in_transaction, 3U);
    EXPECT_EQ(figures.transactions, 1U);
    Look({Session(1, "api"), Session(2, "other")});
    EXPECT_EQ(Pool("api").opened, 1U);
    EXPECT_EQ(Pool("api").peak_checked_out, 1U);
    // What the statistics have forgotten, or nobody has seen, has no pool yet.
    since_us_ = 2;
    miss(1);
    EXPECT_EQ(Pool("api").sessions, 0U);
    Look({Session(1, "api"), Session(2, "other")});
    EXPECT_EQ(Pool("api").opened, 0U);
    EXPECT_EQ(Pool("api").sessions, 1U);
    miss(99);
    EXPECT_EQ(Opened(), 0U);
}

TEST_F(PoolWatchTest, TransactionsThatNobodySawAreCounted) {
    const auto look = [this](std::uint32_t transaction) {
        now_us_ += kLookIntervalUs;
        watch_.Begin(now_us_, since_us_);
        watch_.See(Session(1, "api", SessionState::kActive));
        if (transaction != 0) {
            watch_.NoteTransaction(1, transaction);
        }
        watch_.NoteTransaction(99, 5);  // of no client
        watch_.End();
    };
    look(UINT32_MAX - 1);
    look(UINT32_MAX - 1);
    look(0);
    look(3);  // zero is no number, so that one too many is counted in 2^32
    EXPECT_EQ(Pool("api").current.figures.transactions, 6U);
}

TEST_F(PoolWatchTest, ThoseWhoWaitAreDemandOfTheLargestPool) {
    now_us_ += kLookIntervalUs;
    watch_.Begin(now_us_, since_us_);
    SeenSession of_another = Session(3, "api", SessionState::kActive);
    of_another.pool.userid = 11;
    watch_.See(of_another);
    watch_.See(Session(1, "api", SessionState::kActive));
    watch_.See(Session(2, "api", SessionState::kActive));
    watch_.NoteWaiting(5, KeyFor("api").application, 7);
    watch_.NoteWaiting(6, KeyFor("api").application, 9);
    watch_.NoteWaiting(5, KeyFor("nobody").application, 9);
    watch_.End();
    const PoolWindow& window = Pool("api").current;
    EXPECT_EQ(window.figures.waiting, 7U);
    EXPECT_EQ(window.figures.waiting_looks, 1U);
    EXPECT_EQ(window.figures.full_looks, 1U);
    EXPECT_EQ(window.Quantile(0.99), 9U);
    EXPECT_EQ(pools_->pools[pools_->Find(KeyFor("api", 11))].current.figures.waiting, 0U);
}

TEST_F(PoolWatchTest, LingeringIsIdleInATransactionForLong) {
    SeenSession pausing = Session(1, "api", SessionState::kIdleInTransaction);
    SeenSession lingering = pausing;
    lingering.pid = 2;
    lingering.state_since_us = now_us_ - kLingerUs;
    SeenSession lost = pausing;
    lost.pid = 3;
    lost.state_since_us = now_us_ - kInvalidUs;
    Look({pausing, lingering, lost});
    EXPECT_EQ(Pool("api").current.figures.in_transaction, 3U);
    EXPECT_EQ(Pool("api").current.figures.lingering, 2U);
    EXPECT_FALSE(IsInvalid(lingering, now_us_));
    EXPECT_TRUE(IsInvalid(lost, now_us_));
}

TEST_F(PoolWatchTest, TenThousandNamesAreBoundedAndSummed) {
    Look({Session(1, "steady", SessionState::kActive)});
    Look({Session(1, "steady", SessionState::kActive)});
    for (std::uint32_t name = 0; name < 10'000; ++name) {
        Look({Session(1, "steady", SessionState::kActive),
              Session(2 + name, "name " + std::to_string(name), SessionState::kIdle, name)});
    }
    EXPECT_EQ(pools_->used, kPools);
    EXPECT_EQ(Pool("steady").current.figures.looks + Pool("steady").last.looks, 10'002U);
    EXPECT_EQ(Opened(), 10'001U);
    EXPECT_EQ(pools_->pools[kOtherPools].opened, 10'001U - kPools);
    EXPECT_EQ(pools_->put_aside, 10'001U - kPools);
}

TEST_F(PoolWatchTest, MoreNamesAtOnceThanPlaces) {
    std::vector<SeenSession> sessions;
    for (std::uint32_t pid = 1; pid <= 300; ++pid) {
        sessions.push_back(Session(pid, std::to_string(pid), SessionState::kActive));
    }
    Look(sessions);
    Look(sessions);
    EXPECT_EQ(pools_->used, kPools);
    EXPECT_EQ(pools_->pools[kOtherPools].sessions, 300 - kPools);
    EXPECT_EQ(pools_->pools[kOtherPools].peak_checked_out, 300 - kPools);
    EXPECT_EQ(pools_->put_aside, 300 - kPools);
    EXPECT_EQ(Opened(), 300U);
    // All that ended since the last look are of one moment: none takes another's place.
    now_us_ += kLookIntervalUs;
    watch_.Begin(now_us_, since_us_);
    for (std::uint32_t pid = 1001; pid <= 1600; ++pid) {
        watch_.NoteEnded({KeyFor("short " + std::to_string(pid)), pid, 1});
    }
    watch_.End();
    EXPECT_EQ(Opened(), 900U);
    EXPECT_EQ(pools_->pools[kOtherPools].opened, 300 - kPools + 600);
}

TEST_F(PoolWatchTest, ResetForgetsButCountsNoSessionAnew) {
    Look({Session(1, "api", SessionState::kActive)});
    since_us_ = 2;
    Look({Session(1, "api")});
    EXPECT_EQ(Pool("api").opened, 0U);
    EXPECT_EQ(Pool("api").peak_checked_out, 0U);
    EXPECT_EQ(Pool("api").sessions, 1U);
}

TEST_F(PoolWatchTest, KeepsTheBusiestWindowForADay) {
    const auto window = [this](std::uint32_t demand) {
        std::vector<SeenSession> sessions;
        for (std::uint32_t pid = 1; pid <= 10; ++pid) {
            sessions.push_back(
                Session(pid, "api", pid <= demand ? SessionState::kActive : SessionState::kIdle));
        }
        for (std::uint32_t look = 0; look < kLooksNeeded; ++look) {
            Look(sessions);
        }
        now_us_ += kWindowUs;
        Look(sessions);
    };
    window(3);
    window(8);
    window(5);
    EXPECT_EQ(Pool("api").busiest.Quantile(0.99), 8U);
    EXPECT_NEAR(Pool("api").last.MeanDemand(), 5, 0.01);
    EXPECT_EQ(Pool("api").current.figures.looks, 0U);
    now_us_ += kPoolLifeUs;
    window(2);
    EXPECT_EQ(Pool("api").busiest.Quantile(0.99), 2U);
    now_us_ += kPoolLifeUs;
    Look({});
    EXPECT_EQ(pools_->used, 0U);
}

TEST(DemandBuckets, AreExactAndThenSixPercentOff) {
    for (std::uint32_t demand = 0; demand < 1U << 18; ++demand) {
        const std::size_t bucket = DemandBuckets::Of(demand);
        ASSERT_GE(DemandBuckets::LargestIn(bucket), demand);
        ASSERT_LE(DemandBuckets::LargestIn(bucket), demand + demand / 16);
        ASSERT_TRUE(bucket == 0 || DemandBuckets::LargestIn(bucket - 1) < demand);
        ASSERT_TRUE(demand >= DemandBuckets::kExact || bucket == demand);
    }
    EXPECT_EQ(DemandBuckets::Of(UINT32_MAX), DemandBuckets::kCount - 1);
}

class EndedSessionsTest : public testing::Test {
protected:
    EndedSessions ended_;
    PartMemory memory_{ended_, kSmallSizes};
};

TEST_F(EndedSessionsTest, DropsAndCountsWhatFindsNoRoom) {
    for (std::uint32_t pid = 1; pid <= kEndedSessions + 5; ++pid) {
        ended_.Push({KeyFor("api"), pid, 7});
    }
    EXPECT_EQ(ended_.Dropped(), 5U);
    EndedSession session;
    for (std::uint32_t pid = 1; pid <= kEndedSessions; ++pid) {
        ASSERT_TRUE(ended_.Pop(&session));
        ASSERT_EQ(session.pid, pid);
    }
    EXPECT_EQ(session.pool, KeyFor("api"));
    EXPECT_EQ(session.started_at_us, 7U);
    EXPECT_FALSE(ended_.Pop(&session));
    ended_.Push({KeyFor("api"), 1, 7});
    EXPECT_TRUE(ended_.Pop(&session));
}

TEST_F(EndedSessionsTest, ManyWritersAndOneReader) {
    constexpr std::uint64_t kWriters = 4;
    constexpr std::uint64_t kEach = 20'000;
    std::vector<std::thread> writers;
    std::atomic<std::uint64_t> done = 0;
    for (std::uint32_t writer = 0; writer < kWriters; ++writer) {
        writers.emplace_back([&, writer] {
            for (std::uint64_t at = 1; at <= kEach; ++at) {
                ended_.Push({KeyFor(std::to_string(at), writer), writer, at});
            }
            ++done;
        });
    }
    std::uint64_t popped = 0;
    std::array<std::uint64_t, kWriters> last = {};
    EndedSession session;
    for (bool more = true; more;) {
        more = done.load() < kWriters;
        while (ended_.Pop(&session)) {
            ++popped;
            ASSERT_GT(session.started_at_us, last[session.pid]);
            last[session.pid] = session.started_at_us;
            ASSERT_EQ(session.pool, KeyFor(std::to_string(session.started_at_us), session.pid));
        }
    }
    for (std::thread& writer : writers) {
        writer.join();
    }
    EXPECT_EQ(popped + ended_.Dropped(), kWriters * kEach);
}

TEST_F(EndedSessionsTest, RepairGoesPastWhatADeadSessionHasNotShown) {
    memory_.Again().Take<EndedSessions::Shared>()->taken.fetch_add(1);
    ended_.Push({KeyFor("api"), 2, 7});
    EndedSession session;
    EXPECT_FALSE(ended_.Pop(&session));
    ended_.Repair();
    ended_.Push({KeyFor("api"), 3, 7});
    ASSERT_TRUE(ended_.Pop(&session));
    EXPECT_EQ(session.pid, 3U);
}

}  // namespace
}  // namespace elile::core
