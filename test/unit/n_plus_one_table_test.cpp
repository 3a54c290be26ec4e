// Patterns of all sessions: found again, forgotten, dropped when too many, whole after a crash.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/shared/seam.hpp"
#include "segment_fixture.hpp"

namespace elile::core {
namespace {

class NPlusOneTableTest : public testing::Test {
protected:
    NPlusOneHandle Find(std::uint64_t parent, std::uint64_t child, std::uint64_t now_us = 1,
                        std::uint32_t user = 10) {
        bool is_new = false;
        return table_.FindOrClaim({5, user, 1, parent, child}, 3, now_us, &is_new);
    }
    std::vector<NPlusOneCopy> All() const {
        std::vector<NPlusOneCopy> all;
        NPlusOneCopy copy;
        for (std::uint32_t index = 0; index < kNPlusOnePatterns; ++index) {
            if (table_.Read(index, &copy)) {
                all.push_back(copy);
            }
        }
        return all;
    }
    std::uint64_t Dropped() const { return segment_.n_plus_one.Dropped(); }
    std::uint32_t Text(const std::string& text) { return segment_.texts.Store(text, 6); }

    TestSegment memory_;
    OwnSegment segment_ = memory_.View();
    NPlusOneTable& table_ = segment_.n_plus_one;
};

TEST_F(NPlusOneTableTest, SumsOccurrences) {
    for (int time = 0; time < 3; ++time) {
        const NPlusOneHandle pattern = Find(7, 8, 100 + static_cast<std::uint64_t>(time));
        table_.Count(pattern, 1, 10, 1000, 200);
        table_.Count(pattern, 0, 40, 4000, 300);
        EXPECT_EQ(table_.Close(pattern, 50 + static_cast<std::uint64_t>(time), 400), time == 0);
    }
    ASSERT_EQ(All().size(), 1U);
    const NPlusOneCopy copy = All()[0];
    EXPECT_EQ(copy.key, (NPlusOneKey{5, 10, 1, 7, 8}));
    EXPECT_EQ(copy.table, 3U);
    EXPECT_EQ(copy.occurrences, 3U);
    EXPECT_EQ(copy.runs, 150U);
    EXPECT_EQ(RoundTripsSaved(copy), 147U);
    EXPECT_EQ(copy.total_ns, 15000U);
    EXPECT_EQ(copy.most_runs, 52U);
    EXPECT_EQ(copy.first_seen_us, 100U);
    EXPECT_EQ(copy.last_seen_us, 300U);
}

TEST_F(NPlusOneTableTest, TriesAtASuggestionAreBounded) {
    constexpr std::uint64_t kSecondUs = UINT64_C(1000) * 1000;
    const NPlusOneHandle pattern = Find(7, 8);
    for (std::uint32_t time = 0; time < kTriesAtOnce; ++time) {
        EXPECT_TRUE(table_.TakeTry(pattern, 1));
    }
    EXPECT_FALSE(table_.TakeTry(pattern, kSecondUs));
    EXPECT_TRUE(table_.TakeTry(pattern, kSecondUs + 1));
    EXPECT_FALSE(table_.TakeTry(pattern, 2 * kSecondUs));
    std::uint32_t tries = kTriesAtOnce + 1;
    for (std::uint64_t now = 2 * kSecondUs; now < kNPlusOneLifeUs; now += kSecondUs) {
        EXPECT_FALSE(table_.HasNoTryLeft(pattern) && tries < kMostTries);
        tries += table_.TakeTry(pattern, now) ? 1 : 0;
    }
    EXPECT_EQ(tries, kMostTries);
    EXPECT_TRUE(table_.HasNoTryLeft(pattern));
    table_.Count(pattern, 1, 10, 1000, 1);
    table_.Forget({0, 0, 0});
    EXPECT_TRUE(table_.TakeTry(Find(7, 8), 1));
}

TEST_F(NPlusOneTableTest, NoTryWithASuggestion) {
    const NPlusOneHandle pattern = Find(7, 8);
    table_.SetSuggestion(pattern,
                         {table_.Suggestions().Store("join", 6), Evidence::kNotVerified, 0, 0});
    EXPECT_FALSE(table_.TakeTry(pattern, 1));
    EXPECT_FALSE(table_.HasNoTryLeft(pattern));
}

TEST_F(NPlusOneTableTest, ALineAnHour) {
    constexpr std::uint64_t kHourUs = UINT64_C(3600) * 1000 * 1000;
    const NPlusOneHandle pattern = Find(7, 8);
    EXPECT_TRUE(table_.Close(pattern, 10, kHourUs));
    EXPECT_FALSE(table_.Close(pattern, 10, 2 * kHourUs - 1));
    EXPECT_TRUE(table_.Close(pattern, 10, 2 * kHourUs));
}

TEST_F(NPlusOneTableTest, WhatIsTakenBackIsNotShown) {
    const NPlusOneHandle pattern = Find(7, 8);
    table_.Count(pattern, 1, 10, 1000, 1);
    table_.Count(pattern, 0, 5, 500, 1);
    EXPECT_EQ(All().size(), 1U);
    table_.TakeBack(pattern, 15, 1500);
    EXPECT_TRUE(All().empty());
}

TEST_F(NPlusOneTableTest, TakingBackMoreThanThereIsLeavesNothing) {
    const NPlusOneHandle pattern = Find(7, 8);
    table_.Count(pattern, 1, 10, 1000, 1);
    table_.TakeBack(pattern, 15, 1500);
    table_.TakeBack(pattern, 15, 1500);
    table_.Count(pattern, 1, 20, 2000, 1);
    ASSERT_EQ(All().size(), 1U);
    EXPECT_EQ(All()[0].occurrences, 1U);
    EXPECT_EQ(All()[0].runs, 20U);
    EXPECT_EQ(All()[0].total_ns, 2000U);
}

// Another session makes the pattern between this one's looks at the place's number and its key.
TEST_F(NPlusOneTableTest, APatternThatAnotherSessionJustMadeIsCounted) {
    static void (*count)(NPlusOneTable&) = [](NPlusOneTable& table) {
        bool is_new = false;
        table.Count(table.FindOrClaim({5, 10, 1, 7, 8}, 3, 1, &is_new), 1, 10, 1000, 1);
    };
    static NPlusOneTable* shared = nullptr;
    shared = &table_;
    seam_hook = [](Seam seam) {
        if (seam == Seam::kPatternRead) {
            seam_hook = nullptr;
            count(*shared);
        }
    };
    count(table_);
    ASSERT_EQ(All().size(), 1U);
    EXPECT_EQ(All()[0].occurrences, 2U);
}

TEST_F(NPlusOneTableTest, TenThousandPatterns) {
    for (std::uint64_t child = 1; child <= 10000; ++child) {
        table_.Count(Find(7, child), 1, 10, 1, 1);
    }
    EXPECT_EQ(All().size(), kNPlusOnePatterns);
    EXPECT_EQ(Dropped(), 10000U - kNPlusOnePatterns);
    // One that is there goes on; those of yesterday give way.
    table_.Count(Find(7, 1), 1, 10, 1, 1);
    EXPECT_EQ(Dropped(), 10000U - kNPlusOnePatterns);
    const std::uint64_t later = kNPlusOneLifeUs + 2;
    table_.Count(Find(9, 9, later), 1, 10, 1, later);
    EXPECT_EQ(Dropped(), 10000U - kNPlusOnePatterns);
    EXPECT_EQ(All().size(), kNPlusOnePatterns);
}

TEST_F(NPlusOneTableTest, AHandleOfWhatWasForgottenDoesNothing) {
    const NPlusOneHandle stale = Find(7, 8);
    table_.Count(stale, 1, 10, 1000, 1);
    table_.SetTexts(stale, Text("parent"), Text("child"));
    ASSERT_TRUE(table_.SetSuggestion(
        stale, {table_.Suggestions().Store("join", 6), Evidence::kPlanned, 90, 9}));
    EXPECT_FALSE(table_.SetSuggestion(
        stale, {table_.Suggestions().Store("twice", 6), Evidence::kPlanned, 90, 9}));
    EXPECT_EQ(All()[0].cost_before, 90);
    const std::uint32_t free = segment_.texts.FreeBlocks();
    table_.Forget({0, 0, 8});
    EXPECT_TRUE(All().empty());
    EXPECT_EQ(segment_.texts.FreeBlocks(), free + 2);
    EXPECT_EQ(table_.Suggestions().FreeBlocks(), kSuggestionBlocks);
    table_.Count(stale, 1, 10, 1000, 1);
    table_.TakeBack(stale, 10, 1000);
    table_.SetTexts(stale, Text("parent"), Text("child"));
    EXPECT_FALSE(table_.Close(stale, 10, 1));
    EXPECT_TRUE(All().empty());
    EXPECT_EQ(segment_.texts.FreeBlocks(), free + 2);
    const NPlusOneHandle fresh = Find(7, 8);
    EXPECT_EQ(fresh.index, stale.index);
    table_.Count(fresh, 1, 20, 1, 1);
    EXPECT_EQ(All()[0].runs, 20U);
    EXPECT_EQ(All()[0].suggestion, 0U);
}

TEST_F(NPlusOneTableTest, AResetForgetsThePatternsOfAStatement) {
    TestStore store = memory_.Store();
    table_.Count(Find(7, 8), 1, 10, 1, 1);
    table_.Count(Find(8, 9), 1, 10, 1, 1);
    table_.Count(Find(10, 11), 1, 10, 1, 1);
    table_.Count(Find(7, 8, 1, 20), 1, 10, 1, 1);
    for (int loop = 0; loop < 4; ++loop) {
        table_.CountLoop(3);
    }
    ASSERT_TRUE(store.TryReset(10, 5, 8, 1));
    EXPECT_EQ(All().size(), 2U);
    EXPECT_EQ(table_.LoopsOf(3), 4U);
    ASSERT_TRUE(store.TryReset(0, 0, 0, 1));
    EXPECT_TRUE(All().empty());
    EXPECT_EQ(table_.LoopsOf(3), 0U);
}

TEST_F(NPlusOneTableTest, SessionsThatFindAtOnce) {
    constexpr std::uint64_t kRounds = 2000;
    std::vector<std::thread> sessions;
    for (int session = 0; session < 4; ++session) {
        sessions.emplace_back([this] {
            for (std::uint64_t round = 0; round < kRounds; ++round) {
                bool is_new = false;
                const NPlusOneHandle pattern =
                    table_.FindOrClaim({5, 10, 1, 7, round % 20}, 3, round + 1, &is_new);
                if (is_new) {
                    table_.SetTexts(pattern, Text("parent"), Text("child"));
                }
                table_.Count(pattern, 1, 10, 1, 1);
            }
        });
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    std::uint64_t runs = 0;
    for (const NPlusOneCopy& copy : All()) {
        runs += copy.runs;
    }
    EXPECT_EQ(All().size(), 20U);
    EXPECT_EQ(runs + 10 * Dropped(), 4 * kRounds * 10);
}

// Patterns come, go and are read all at once; in the end each text is owned once or is free.
TEST_F(NPlusOneTableTest, SessionsThatFindReadAndForgetAtOnce) {
    std::vector<std::thread> sessions;
    for (std::uint64_t session = 0; session < 4; ++session) {
        sessions.emplace_back([this, session] {
            NPlusOneCopy copy;
            for (std::uint64_t round = 0; round < 2000; ++round) {
                bool is_new = false;
                const NPlusOneHandle pattern =
                    table_.FindOrClaim({5, 10, 1, 7, round % 7}, 3, round + 1, &is_new);
                table_.SetTexts(pattern, Text("parent"), Text("child"));
                table_.Count(pattern, 1, 10, 1, 1);
                if (session == 0 && round % 10 == 0) {
                    table_.Forget({0, 0, 0});
                }
                if (pattern.IsValid() && table_.Read(pattern.index, &copy)) {
                    EXPECT_EQ(copy.key.parent, 7U);
                }
            }
        });
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    table_.Forget({0, 0, 0});
    EXPECT_TRUE(All().empty());
    std::uint32_t owned = 0;
    for (std::uint32_t index = 0; index < kNPlusOnePatterns; ++index) {
        NPlusOneCopy copy;
        table_.Read(index, &copy);
        owned += (copy.parent_text != 0 ? 1 : 0) + (copy.child_text != 0 ? 1 : 0);
    }
    EXPECT_EQ(segment_.texts.FreeBlocks() + owned, segment_.texts.Size());
}

TEST_F(NPlusOneTableTest, RepairForgetsWhatADeadSessionWasWriting) {
    const PartMemory memory(table_, kSmallSizes, segment_.texts, segment_.tables);
    table_.Format();
    Carver again = memory.Again();
    again.Take<NPlusOneTable::Shared>();
    auto* patterns = again.Take<NPlusOnePattern>(kNPlusOnePatterns);
    const NPlusOneHandle half = Find(7, 8);
    table_.Count(half, 1, 10, 1, 1);
    table_.SetTexts(half, Text("a"), Text("b"));
    const NPlusOneHandle whole = Find(7, 9);
    ASSERT_TRUE(whole.IsValid());
    table_.Count(whole, 1, 10, 1, 1);
    table_.SetTexts(whole, Text("c"), Text("d"));
    table_.SetSuggestion(whole,
                         {table_.Suggestions().Store("join", 6), Evidence::kNotVerified, 0, 0});
    patterns[half.index].sequence.Begin();
    EXPECT_FALSE(Find(7, 8).IsValid()) << "it would have two places";
    EXPECT_EQ(table_.Dropped(), 1U);
    segment_.texts.BeginRepair();
    table_.BeginRepair();
    EXPECT_EQ(table_.Repair(), 1U);
    segment_.texts.EndRepair();
    table_.EndRepair();
    ASSERT_EQ(All().size(), 1U);
    EXPECT_EQ(All()[0].key.child, 9U);
    EXPECT_EQ(segment_.texts.FreeBlocks(), segment_.texts.Size() - 2);
    EXPECT_EQ(table_.Suggestions().FreeBlocks(), kSuggestionBlocks - 1);
    table_.Count(Find(7, 8), 1, 10, 1, 1);
    EXPECT_EQ(All().size(), 2U);
}

}  // namespace
}  // namespace elile::core
