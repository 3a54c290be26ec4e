// The table of failures: one row a key, who gives way, what a reset and a repair leave, and series.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "core/failures/table.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

constexpr std::uint64_t kNowUs = UINT64_C(1) << 50;

FailureKey KeyOf(std::uint32_t sqlstate, Phase phase = Phase::kExecute) {
    FailureKey key = {};
    key.sqlstate = sqlstate;
    key.phase = phase;
    key.database = 5;
    key.user = 10;
    return key;
}

FailureDetails DetailsOf(const char* message) {
    FailureDetails details = {};
    std::strncpy(details.message, message, sizeof(details.message) - 1);
    return details;
}

class FailuresTest : public testing::Test {
protected:
    void Note(const FailureKey& key, std::uint64_t now_us = kNowUs, const char* message = "") {
        Table().Note(key, DetailsOf(message), now_us);
    }
    Failures& Table() { return segment_.failures; }
    std::vector<FailureCopy> All() {
        std::vector<FailureCopy> all;
        FailureCopy copy;
        for (std::uint32_t index = 0; index < kFailures; ++index) {
            if (Table().Read(index, &copy)) {
                all.push_back(copy);
            }
        }
        return all;
    }
    std::uint64_t CountOf(std::uint32_t sqlstate) {
        std::uint64_t count = 0;
        for (const FailureCopy& copy : All()) {
            count += copy.key.sqlstate == sqlstate ? copy.count : 0;
        }
        return count;
    }

    TestSegment memory_;
    OwnSegment segment_ = memory_.View();
};

TEST_F(FailuresTest, CountsEachKeyInOneRow) {
    Note(KeyOf(1), kNowUs, "first");
    Note(KeyOf(1), kNowUs + 7, "last");
    Note(KeyOf(2));
    Note(KeyOf(1, Phase::kParse));
    const std::vector<FailureCopy> all = All();
    ASSERT_EQ(all.size(), 3U);
    for (const FailureCopy& copy : all) {
        if (copy.key.sqlstate == 1 && copy.key.phase == Phase::kExecute) {
            EXPECT_EQ(copy.count, 2U);
            EXPECT_EQ(copy.first_us, kNowUs);
            EXPECT_EQ(copy.last_us, kNowUs + 7);
            EXPECT_STREQ(copy.details.message, "last");
        } else {
            EXPECT_EQ(copy.count, 1U);
        }
    }
}

TEST_F(FailuresTest, EachPartOfTheKeyMakesARow) {
    FailureKey key = KeyOf(1);
    Note(key);
    key.queryid = 9;
    Note(key);
    key.user = 11;
    Note(key);
    key.database = 6;
    Note(key);
    key.application[0] = 'a';
    Note(key);
    key.given_user[kNameBytes - 2] = 'u';
    Note(key);
    EXPECT_EQ(All().size(), 6U);
}

TEST_F(FailuresTest, CountsWhatFindsNoRowUntilOneIsOld) {
    for (std::uint32_t number = 0; number < kSessionFailures; ++number) {
        Note(KeyOf(number + 1), kNowUs + number);
    }
    Note(KeyOf(5000), kNowUs + kFailureLifeUs);
    EXPECT_EQ(Table().Overflow(), 1U);
    EXPECT_EQ(CountOf(5000), 0U);
    EXPECT_EQ(All().size(), kSessionFailures);
    // The first one is beyond its life now, and no other one.
    Note(KeyOf(5000), kNowUs + kFailureLifeUs + 1);
    EXPECT_EQ(Table().Overflow(), 1U);
    EXPECT_EQ(CountOf(5000), 1U);
    EXPECT_EQ(CountOf(1), 0U);
    EXPECT_EQ(All().size(), kSessionFailures);
}

TEST_F(FailuresTest, StrangersHaveAShareOfTheirOwn) {
    for (std::uint32_t number = 0; number < kConnectFailures + 9; ++number) {
        FailureKey key = KeyOf(1, Phase::kConnect);
        std::memcpy(key.given_user, &number, sizeof(number));
        Note(key);
    }
    EXPECT_EQ(Table().ConnectOverflow(), 9U);
    EXPECT_EQ(Table().Overflow(), 0U);
    EXPECT_EQ(All().size(), kConnectFailures);
    Note(KeyOf(2));
    EXPECT_EQ(CountOf(2), 1U);
    EXPECT_EQ(Table().Overflow(), 0U);
}

TEST_F(FailuresTest, AResetForgetsWhatItPicks) {
    FailureKey other = KeyOf(1);
    other.database = 6;
    Note(KeyOf(1));
    Note(other);
    Table().Forget({0, 5, 0});
    ASSERT_EQ(All().size(), 1U);
    EXPECT_EQ(All()[0].key.database, 6U);
    Table().Forget({0, 0, 0});
    EXPECT_EQ(All().size(), 0U);
    Note(other, kNowUs + 1);
    ASSERT_EQ(All().size(), 1U);
    EXPECT_EQ(All()[0].count, 1U);
    EXPECT_EQ(All()[0].first_us, kNowUs + 1);
}

TEST_F(FailuresTest, ARowThatWasForgottenTakesAnother) {
    for (std::uint32_t number = 0; number < kSessionFailures; ++number) {
        Note(KeyOf(number + 1));
    }
    Table().Forget({0, 0, 0});
    for (std::uint32_t number = 0; number < kSessionFailures; ++number) {
        Note(KeyOf(10000 + number));
    }
    EXPECT_EQ(Table().Overflow(), 0U);
    EXPECT_EQ(All().size(), kSessionFailures);
}

TEST_F(FailuresTest, SeriesAreTheFirstPairsAndTheOthers) {
    for (std::uint32_t number = 0; number < kErrorPairs + 5; ++number) {
        Table().CountError(1, Phase::kParse, number + 1, number % 2 == 0);
    }
    Table().CountError(1, Phase::kParse, 1, true);
    Table().CountError(2, Phase::kPlan, 1, false);
    EXPECT_EQ(Table().ReadSeries(1, 0).count, 2U);
    EXPECT_EQ(Table().ReadSeries(1, 0).sqlstate, 1U);
    EXPECT_EQ(Table().ReadSeries(1, kErrorPairs - 1).sqlstate, kErrorPairs);
    EXPECT_EQ(Table().ReadSeries(1, kErrorPairs).count, 5U);
    EXPECT_EQ(Table().ReadSeries(2, 0).phase, Phase::kPlan);
    EXPECT_EQ(Table().ReadSeries(2, 1).count, 0U);
    EXPECT_EQ(Table().Outside(1), (kErrorPairs + 5 + 1) / 2 + 1);
    EXPECT_EQ(Table().Outside(2), 0U);
    Table().Forget({0, 0, 0});
    EXPECT_EQ(Table().ReadSeries(1, 0).count, 0U);
    EXPECT_EQ(Table().ReadSeries(1, 0).sqlstate, 1U);
    EXPECT_EQ(Table().ReadSeries(1, kErrorPairs).count, 0U);
    EXPECT_EQ(Table().Outside(1), 0U);
}

TEST_F(FailuresTest, ARepairKeepsWholeRows) {
    Note(KeyOf(1));
    EXPECT_EQ(Table().Repair(), 0U);
    EXPECT_EQ(CountOf(1), 1U);
}

TEST_F(FailuresTest, ManyAtOnceLoseNone) {
    constexpr std::uint64_t kThreads = 4;
    constexpr std::uint64_t kRounds = 5000;
    std::vector<std::thread> threads;
    for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([this] {
            OwnSegment own = memory_.View();
            const FailureDetails details = DetailsOf("message");
            for (std::uint64_t round = 0; round < kRounds; ++round) {
                own.failures.Note(KeyOf(static_cast<std::uint32_t>(round % 7) + 1), details,
                                  kNowUs + round);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    std::uint64_t count = Table().Overflow();
    for (const FailureCopy& copy : All()) {
        count += copy.count;
        EXPECT_TRUE(copy.details.message[0] == '\0' ||
                    std::string(copy.details.message) == "message");
    }
    EXPECT_EQ(count, kThreads * kRounds);
    EXPECT_LE(All().size(), 7U);
}

TEST(Sqlstate, IsFiveCharacters) {
    // As the server packs 42P01.
    std::uint32_t packed = 0;
    for (int at = 4; at >= 0; --at) {
        packed = packed << 6 | static_cast<std::uint32_t>("42P01"[at] - '0');
    }
    EXPECT_STREQ(SqlstateText(packed).data(), "42P01");
}

}  // namespace
}  // namespace elile::core
