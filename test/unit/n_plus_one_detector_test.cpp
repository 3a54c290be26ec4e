// Loops over rows, told from everything else by what a session sees of its statements.
#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "core/n_plus_one/detector.hpp"

namespace elile::core {
namespace {

constexpr std::uint64_t kThreshold = 10;
constexpr std::uint64_t kSecondNs = UINT64_C(1000) * 1000 * 1000;

struct Seen {
    std::uint64_t occurrences = 0;
    std::uint64_t runs = 0;
    std::uint64_t elapsed_ns = 0;
    std::uint64_t ended = 0;

    bool operator==(const Seen&) const = default;
};

// A session whose statements take 10 ns each and follow each other at once.
class NPlusOneDetectorTest : public testing::Test {
protected:
    static constexpr std::uint64_t kA = 1, kB = 2, kC = 3, kD = 4, kE = 5;

    void Run(EndedRun run) {
        run.statement = {static_cast<std::uint32_t>(run.queryid), 2};
        run.elapsed_ns = 10;
        run.began_ns = now_ns_;
        now_ns_ += run.elapsed_ns;
        Note(detector_.Saw(run, threshold_));
    }
    // With parameters of its own each time.
    void Select(std::uint64_t queryid, std::uint64_t rows) {
        Run({.queryid = queryid,
             .is_select = true,
             .may_belong = true,
             .rows = rows,
             .values = ++values_});
    }
    void SelectTimes(int times, std::uint64_t queryid, std::uint64_t rows) {
        for (int time = 0; time < times; ++time) {
            Select(queryid, rows);
        }
    }
    void Other() { Run({.queryid = 99, .rows = 1}); }
    void Break() { Note(detector_.Break()); }

    // By parent and child, but for what was taken back.
    std::map<std::pair<std::uint64_t, std::uint64_t>, Seen> Patterns() const {
        auto patterns = patterns_;
        std::erase_if(patterns, [](const auto& pattern) { return pattern.second == Seen{}; });
        return patterns;
    }
    std::uint64_t Runs(std::uint64_t parent, std::uint64_t child) const {
        const auto found = patterns_.find({parent, child});
        return found != patterns_.end() ? found->second.runs : 0;
    }

    NPlusOneDetector detector_;
    std::uint64_t threshold_ = kThreshold;
    std::uint64_t now_ns_ = kSecondNs;
    std::uint64_t values_ = 0;

private:
    void Note(NPlusOneDetector::Changes changes) {
        for (const NPlusOneChange& change : changes) {
            if (change.kind == NPlusOneChange::Kind::kFound) {
                const std::pair key{detector_.ParentOf(change).queryid,
                                    detector_.ChildOf(change).queryid};
                keys_.push_back(key);
                detector_.SetPattern(change, {static_cast<std::uint32_t>(keys_.size() - 1), 2});
                Add(key, 1, change);
                continue;
            }
            ASSERT_TRUE(change.pattern.IsValid());
            const auto& key = keys_[change.pattern.index];
            switch (change.kind) {
                case NPlusOneChange::Kind::kRun:
                    Add(key, 0, change);
                    break;
                case NPlusOneChange::Kind::kTakenBack:
                    --patterns_[key].occurrences;
                    patterns_[key].runs -= change.runs;
                    patterns_[key].elapsed_ns -= change.elapsed_ns;
                    break;
                default:
                    ++patterns_[key].ended;
            }
        }
    }
    void Add(const std::pair<std::uint64_t, std::uint64_t>& key, std::uint64_t occurrences,
             const NPlusOneChange& change) {
        Seen& seen = patterns_[key];
        seen.occurrences += occurrences;
        seen.runs += change.runs;
        seen.elapsed_ns += change.elapsed_ns;
    }

    std::vector<std::pair<std::uint64_t, std::uint64_t>> keys_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, Seen> patterns_;
};

TEST_F(NPlusOneDetectorTest, FindsALoopOverRows) {
    Select(kA, 50);
    SelectTimes(9, kB, 3);
    EXPECT_TRUE(Patterns().empty());
    Select(kB, 3);
    EXPECT_EQ(Runs(kA, kB), 10U);
    SelectTimes(40, kB, 3);
    ASSERT_EQ(Patterns().size(), 1U);
    EXPECT_EQ(Patterns().begin()->second, (Seen{1, 50, 500, 0}));
    Break();
    EXPECT_EQ(Patterns().begin()->second, (Seen{1, 50, 500, 1}));
    EXPECT_FALSE(detector_.IsFollowing());
}

TEST_F(NPlusOneDetectorTest, CountsEachOccurrence) {
    for (int time = 0; time < 3; ++time) {
        Select(kA, 20);
        SelectTimes(20, kB, 1);
    }
    Break();
    EXPECT_EQ(Patterns().begin()->second, (Seen{3, 60, 600, 3}));
}

TEST_F(NPlusOneDetectorTest, FollowsNothingWithoutManyRows) {
    SelectTimes(1000, kA, 9);
    EXPECT_FALSE(detector_.IsFollowing());
    Select(kA, 10);
    EXPECT_TRUE(detector_.IsFollowing());
}

TEST_F(NPlusOneDetectorTest, MoreRunsThanRowsAreNoLoopOverThem) {
    Select(kA, 30);
    SelectTimes(30, kB, 1);
    EXPECT_EQ(Runs(kA, kB), 30U);
    SelectTimes(1000, kB, 1);
    Break();
    EXPECT_TRUE(Patterns().empty());
}

TEST_F(NPlusOneDetectorTest, TheSameParametersAreNoLoop) {
    Select(kA, 50);
    for (int time = 0; time < 50; ++time) {
        Run({.queryid = kB, .is_select = true, .may_belong = true, .rows = 1, .values = 7});
    }
    EXPECT_TRUE(Patterns().empty());
}

TEST_F(NPlusOneDetectorTest, ATransactionsEndBreaks) {
    Select(kA, 50);
    Break();
    SelectTimes(50, kB, 1);
    Select(kA, 50);
    for (int time = 0; time < 50; ++time) {
        Select(kB, 1);
        Break();
    }
    EXPECT_TRUE(Patterns().empty());
}

TEST_F(NPlusOneDetectorTest, AFewStatementsBetweenDoNotBreak) {
    Select(kA, 50);
    for (int time = 0; time < 50; ++time) {
        Select(kB, 1);
        for (int other = 0; other < 5; ++other) {
            Other();
        }
    }
    EXPECT_EQ(Runs(kA, kB), 50U);
}

TEST_F(NPlusOneDetectorTest, ManyStatementsBetweenBreak) {
    Select(kA, 50);
    for (int time = 0; time < 50; ++time) {
        Select(kB, 1);
        for (int other = 0; other < 20; ++other) {
            Other();
        }
    }
    EXPECT_TRUE(Patterns().empty());
    EXPECT_FALSE(detector_.IsFollowing());
}

TEST_F(NPlusOneDetectorTest, APauseBreaks) {
    Select(kA, 50);
    for (int time = 0; time < 50; ++time) {
        now_ns_ += 3 * kSecondNs;
        Select(kB, 1);
    }
    EXPECT_TRUE(Patterns().empty());
}

TEST_F(NPlusOneDetectorTest, AnotherParentBreaks) {
    Select(kA, 50);
    SelectTimes(50, kB, 1);
    Select(kE, 30);
    SelectTimes(30, kD, 1);
    SelectTimes(20, kB, 1);
    Break();
    const auto patterns = Patterns();
    EXPECT_EQ(Runs(kA, kB), 50U);
    EXPECT_EQ(Runs(kE, kD), 30U);
    // It has rows of its own to be run for: that of E.
    EXPECT_EQ(Runs(kE, kB), 20U);
    EXPECT_EQ(patterns.size(), 3U);
}

TEST_F(NPlusOneDetectorTest, WhatComesAfterAnotherParentIsNoMoreOfTheFirst) {
    Select(kA, 50);
    SelectTimes(50, kB, 1);
    Select(kE, 30);
    SelectTimes(5, kB, 1);
    Break();
    EXPECT_EQ(Runs(kA, kB), 50U);
    EXPECT_EQ(Patterns().size(), 1U);
}

TEST_F(NPlusOneDetectorTest, SeveralChildrenOfOneParent) {
    Select(kA, 40);
    for (int row = 0; row < 40; ++row) {
        Select(kB, 5);
        Select(kC, 5);
        Select(kD, 0);
    }
    EXPECT_EQ(Runs(kA, kB), 40U);
    EXPECT_EQ(Runs(kA, kC), 40U);
    EXPECT_EQ(Runs(kA, kD), 40U);
    EXPECT_EQ(Patterns().size(), 3U);
}

TEST_F(NPlusOneDetectorTest, LoopsInEachOther) {
    Select(kA, 50);
    for (int row = 0; row < 50; ++row) {
        Select(kB, 5);
        SelectTimes(5, kC, 0);
    }
    Break();
    EXPECT_EQ(Runs(kA, kB), 50U);
    EXPECT_EQ(Runs(kB, kC), 250U);
    EXPECT_EQ(Patterns().size(), 2U);
}

TEST_F(NPlusOneDetectorTest, LoopsInEachOtherWhoseMiddleHasManyRows) {
    Select(kA, 20);
    for (int row = 0; row < 20; ++row) {
        Select(kB, 30);
        SelectTimes(30, kC, 1);
    }
    Break();
    EXPECT_EQ(Runs(kA, kB), 20U);
    EXPECT_EQ(Runs(kB, kC), 600U);
    EXPECT_EQ(Patterns().size(), 2U);
}

TEST_F(NPlusOneDetectorTest, LoopsInEachOtherOfThreeLevels) {
    Select(kA, 12);
    for (int row = 0; row < 12; ++row) {
        Select(kB, 4);
        for (int inner = 0; inner < 4; ++inner) {
            Select(kC, 3);
            SelectTimes(3, kD, 1);
        }
    }
    Break();
    EXPECT_EQ(Runs(kA, kB), 12U);
    EXPECT_EQ(Runs(kB, kC), 48U);
    EXPECT_EQ(Runs(kC, kD), 144U);
    EXPECT_EQ(Patterns().size(), 3U);
}

TEST_F(NPlusOneDetectorTest, LoopsOneAfterTheOther) {
    Select(kA, 50);
    SelectTimes(50, kB, 3);
    SelectTimes(150, kC, 2);
    SelectTimes(50, kD, 1);
    Break();
    EXPECT_EQ(Runs(kA, kB), 50U);
    EXPECT_EQ(Runs(kB, kC), 150U);
    EXPECT_EQ(Runs(kA, kD), 50U);
    EXPECT_EQ(Patterns().size(), 3U);
}

TEST_F(NPlusOneDetectorTest, AMiddleThatBeginsWithOneRow) {
    Select(kA, 40);
    for (int row = 0; row < 40; ++row) {
        const int rows = row < 3 ? 1 : 4;
        Select(kB, static_cast<std::uint64_t>(rows));
        SelectTimes(rows, kC, 0);
    }
    Break();
    EXPECT_EQ(Runs(kA, kB), 40U);
    EXPECT_EQ(Runs(kB, kC), 151U);
    EXPECT_EQ(Patterns().size(), 2U);
}

TEST_F(NPlusOneDetectorTest, AChildOfSomeRowsOnly) {
    Select(kA, 60);
    for (int row = 0; row < 60; ++row) {
        if (row % 3 == 0) {
            Select(kB, 1);
        }
        Select(kC, 2);
    }
    Break();
    EXPECT_EQ(Runs(kA, kB), 20U);
    EXPECT_EQ(Runs(kA, kC), 60U);
    EXPECT_EQ(Patterns().size(), 2U);
}

TEST_F(NPlusOneDetectorTest, AListThatChangesIsNone) {
    Select(kA, 5000);
    for (std::uint64_t batch = 1; batch <= 50; ++batch) {
        const bool asks = detector_.AsksForLists(kB, threshold_);
        Run({.queryid = kB,
             .is_select = true,
             .may_belong = true,
             .rows = 100,
             .values = batch,
             .lists = asks ? batch : 0});
    }
    Break();
    EXPECT_TRUE(Patterns().empty());
}

TEST_F(NPlusOneDetectorTest, AListThatStaysIsNoList) {
    Select(kA, 50);
    for (std::uint64_t row = 1; row <= 50; ++row) {
        const bool asks = detector_.AsksForLists(kB, threshold_);
        EXPECT_EQ(asks, row == 9 || row == 10) << row;
        Run({.queryid = kB,
             .is_select = true,
             .may_belong = true,
             .rows = 2,
             .values = row,
             .lists = asks ? 7U : 0U});
    }
    EXPECT_EQ(Runs(kA, kB), 50U);
}

TEST_F(NPlusOneDetectorTest, TheLeastThresholdAsksFromTheFirstRunOn) {
    threshold_ = 2;
    Select(kA, 2);
    EXPECT_TRUE(detector_.AsksForLists(kB, threshold_));
    Run({.queryid = kB, .is_select = true, .may_belong = true, .rows = 1, .values = 1, .lists = 1});
    EXPECT_TRUE(detector_.AsksForLists(kB, threshold_));
    Run({.queryid = kB, .is_select = true, .may_belong = true, .rows = 1, .values = 2, .lists = 2});
    Select(kA, 2);
    SelectTimes(2, kC, 1);
    EXPECT_EQ(Runs(kA, kB), 0U);
    EXPECT_EQ(Runs(kA, kC), 2U);
}

TEST_F(NPlusOneDetectorTest, StatementsThatMayNotBelongAreOthers) {
    Run({.queryid = kA, .is_select = true, .may_belong = false, .rows = 50});
    EXPECT_FALSE(detector_.IsFollowing());
    Select(kA, 50);
    for (std::uint64_t row = 0; row < 50; ++row) {
        Run({.queryid = kB, .is_select = true, .may_belong = false, .rows = 1, .values = row});
    }
    EXPECT_TRUE(Patterns().empty());
}

TEST_F(NPlusOneDetectorTest, MoreKindsOfStatementsThanItFollows) {
    Select(kA, 100);
    for (std::uint64_t row = 0; row < 100; ++row) {
        Select(kB, 1);
        for (std::uint64_t kind = 0; kind < 14; ++kind) {
            Select(1000 + kind, 1);
        }
        if (row >= 20 && row < 23) {
            Select(2000 + row, 1);
        }
    }
    EXPECT_EQ(Runs(kA, kB), 100U);
    EXPECT_EQ(Patterns().size(), 15U);
}

TEST_F(NPlusOneDetectorTest, OtherKindsThatKeepComingAreNoLoop) {
    Select(kA, 100);
    for (std::uint64_t row = 0; row < 100; ++row) {
        Select(kB, 1);
        Select(1000 + row, 1);
    }
    Break();
    EXPECT_TRUE(Patterns().empty());
}

TEST_F(NPlusOneDetectorTest, AnotherUseAfterTheLoopEndsIt) {
    Select(kA, 100);
    SelectTimes(20, kB, 1);
    for (std::uint64_t kind = 0; kind < 5; ++kind) {
        Select(1000 + kind, 1);
        Select(kB, 1);
    }
    EXPECT_EQ(Patterns().begin()->second, (Seen{1, 23, 230, 1}));
}

// A session of a pool, in which an application asks for this and that, and commits each.
TEST_F(NPlusOneDetectorTest, AMixtureIsNoLoop) {
    std::uint64_t random = 1;
    for (int statement = 0; statement < 200000; ++statement) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const std::uint64_t dice = (random >> 33) % 100;
        // One in four is the same look-up; one in twelve returns many rows.
        const std::uint64_t kind = dice < 25 ? 0 : 1 + (dice - 25) / 4;
        Select(1 + kind, kind % 10 == 9 ? 50 : 1);
    }
    Break();
    std::uint64_t found = 0;
    for (const auto& [key, seen] : Patterns()) {
        found += seen.occurrences;
    }
    EXPECT_LT(found, 20U);
}

// Whatever comes, in whatever order: sums stay sums, and nothing is taken back that was not found.
TEST_F(NPlusOneDetectorTest, AMillionStatementsOfAnyKind) {
    std::uint64_t random = 12345;
    for (int statement = 0; statement < 1000000; ++statement) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const std::uint64_t dice = random >> 40;
        if (dice % 200 == 0) {
            Break();
        } else if (dice % 20 == 1) {
            Other();
        } else {
            Select(1 + dice % 23 % (1 + dice / 23 % 23), dice / 529 % 40);
        }
        if (dice % 5000 == 2) {
            now_ns_ += 5 * kSecondNs;
        }
    }
    Break();
    std::uint64_t found = 0;
    for (const auto& [key, seen] : Patterns()) {
        EXPECT_EQ(seen.occurrences, seen.ended);
        EXPECT_EQ(seen.elapsed_ns, seen.runs * 10);
        EXPECT_GE(seen.runs, seen.occurrences * kThreshold);
        found += seen.occurrences;
    }
    EXPECT_GT(found, 0U);
}

}  // namespace
}  // namespace elile::core
