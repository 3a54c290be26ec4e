// What is saved of pools comes back: what was seen of each, what applications told, who was
// refused.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/pools/watch.hpp"
#include "core/saved/pool_records.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

constexpr std::uint64_t kSinceUs = 77;
constexpr std::uint64_t kSecondUs = 1'000'000;
constexpr std::uint64_t kNowUs = 1000 * kSecondUs;

using Write = void (*)(const Segment&, std::uint32_t, ByteWriter&) noexcept;

std::vector<std::string> Save(const Segment& segment, Write write, std::uint32_t places) {
    std::vector<std::string> bodies;
    std::vector<char> room(65536);
    for (std::uint32_t place = 0; place < places; ++place) {
        ByteWriter out(room);
        write(segment, place, out);
        EXPECT_TRUE(out.Fits());
        if (out.Used() != 0) {
            bodies.emplace_back(out.Written());
        }
    }
    return bodies;
}

std::vector<std::string> SavePools(const Segment& segment) {
    return Save(segment, WritePool, kSavedPools);
}

void RestorePools(Segment& segment, const std::vector<std::string>& bodies) {
    RestoringPools pools(segment);
    for (const std::string& body : bodies) {
        ByteReader in(body);
        pools.Add(in);
        EXPECT_TRUE(in.IsSound() && in.IsAtEnd());
    }
    pools.Publish();
}

// Calls `restore` with each end and each flipped bit of the body.
void Damage(const std::string& body, const std::function<void(std::string_view)>& restore) {
    for (std::size_t at = 0; at < body.size(); ++at) {
        restore(std::string_view(body).substr(0, at));
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = body;
            damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
            restore(damaged);
        }
    }
}

PoolKey KeyFor(const std::string& application, std::uint32_t user = 10) {
    PoolKey key = {5, user, {}};
    application.copy(key.application, sizeof(key.application) - 1);
    return key;
}

// The keeper with its looks.
class Looker {
public:
    explicit Looker(Segment& segment) : segment_(segment) {
        if (!segment.observed.Read(pools_.get())) {
            *pools_ = {};
        }
        const std::uint32_t cells = PoolWatch::CellsFor(400);
        one_.resize(cells);
        other_.resize(cells);
        watch_ = PoolWatch(pools_.get(), one_.data(), other_.data(), cells);
    }
    // The first `busy` of so many sessions of each pool are active.
    void Look(std::uint32_t looks, std::uint32_t pools, std::uint32_t busy, std::uint64_t from_us) {
        for (std::uint32_t look = 0; look < looks; ++look) {
            watch_.Begin(from_us + look * kLookIntervalUs, Get(segment_.header->stats_since_us));
            for (std::uint32_t pid = 1; pid <= pools * 3; ++pid) {
                const SessionState state =
                    pid % 3 < busy ? SessionState::kActive : SessionState::kIdle;
                watch_.See({KeyFor("app" + std::to_string(pid / 3 % pools)), pid, state, 1, 1});
            }
            watch_.End();
        }
        segment_.observed.Write(pools_.get());
    }
    ObservedPools& Pools() { return *pools_; }

private:
    Segment& segment_;
    std::unique_ptr<ObservedPools> pools_{new ObservedPools()};
    std::vector<TrackedSession> one_;
    std::vector<TrackedSession> other_;
    PoolWatch watch_;
};

void ExpectSame(const ObservedPool& left, const ObservedPool& right) {
    EXPECT_TRUE(left.key == right.key);
    EXPECT_EQ(left.first_seen_us, right.first_seen_us);
    EXPECT_EQ(left.last_seen_us, right.last_seen_us);
    EXPECT_EQ(left.opened, right.opened);
    EXPECT_EQ(left.peak_checked_out, right.peak_checked_out);
    EXPECT_EQ(std::memcmp(&left.current, &right.current, sizeof(left.current)), 0);
    EXPECT_EQ(std::memcmp(&left.busiest, &right.busiest, sizeof(left.busiest)), 0);
    EXPECT_EQ(std::memcmp(&left.last, &right.last, sizeof(left.last)), 0);
    EXPECT_EQ(right.sessions, 0U);
}

class SavedPools : public testing::Test {
protected:
    SavedPools() {
        Put(before_.segment.header->stats_since_us, kSinceUs);
        Put(after_.segment.header->stats_since_us, kSinceUs);
    }
    TestSegment memory_;
    TestSegment fresh_;
    TestStore before_ = memory_.Store();
    TestStore after_ = fresh_.Store();
};

// 7000 looks are more than a window takes, so that each of the three windows has something.
TEST_F(SavedPools, WindowsGoOnWhereTheyWere) {
    Looker keeper(before_.segment);
    keeper.Look(7000, 4, 2, kNowUs);
    const ObservedPools& pools = keeper.Pools();
    ASSERT_NE(pools.pools[1].busiest.figures.looks, 0U);
    RestorePools(after_.segment, SavePools(before_.segment));
    ObservedPool pool;
    for (std::uint32_t place = 0; place < 4; ++place) {
        ASSERT_TRUE(after_.segment.observed.ReadPool(place, kSinceUs, &pool));
        ExpectSame(pools.pools[place], pool);
    }
    EXPECT_FALSE(after_.segment.observed.ReadPool(4, kSinceUs, &pool));
    Looker next(after_.segment);
    next.Look(10, 4, 2, kNowUs + 800 * kSecondUs);
    const ObservedPool& went_on = next.Pools().pools[1];
    EXPECT_EQ(went_on.current.figures.looks, pools.pools[1].current.figures.looks + 10);
    EXPECT_EQ(went_on.opened, 2 * pools.pools[1].opened);
    EXPECT_EQ(went_on.first_seen_us, kNowUs);
}

// An idle pool's next save has the same bytes, so nothing is written.
TEST_F(SavedPools, WhatIsAbsentDoesNotChange) {
    Looker keeper(before_.segment);
    keeper.Look(10, 4, 2, kNowUs);
    const std::vector<std::string> bodies = SavePools(before_.segment);
    EXPECT_EQ(bodies.size(), 4U);
    keeper.Look(1, 0, 0, kNowUs + kSecondUs);
    const std::vector<std::string> later = SavePools(before_.segment);
    keeper.Look(50, 0, 0, kNowUs + 2 * kSecondUs);
    EXPECT_EQ(later, SavePools(before_.segment));
}

TEST_F(SavedPools, AllThatFitComeBackWithTheOthers) {
    Looker keeper(before_.segment);
    keeper.Look(3, kPools + 20, 1, kNowUs);
    const std::vector<std::string> bodies = SavePools(before_.segment);
    EXPECT_EQ(bodies.size(), kSavedPools);
    RestorePools(after_.segment, bodies);
    ObservedPool pool;
    ASSERT_TRUE(after_.segment.observed.ReadPool(kOtherPools, kSinceUs, &pool));
    ExpectSame(keeper.Pools().pools[kOtherPools], pool);
    EXPECT_NE(pool.opened, 0U);
    EXPECT_TRUE(after_.segment.observed.ReadPool(kPools - 1, kSinceUs, &pool));
}

TEST_F(SavedPools, OfTwoThatAreOnePoolTheLaterOneCounts) {
    Looker keeper(before_.segment);
    keeper.Look(5, 1, 1, kNowUs);
    const std::string early = SavePools(before_.segment)[0];
    keeper.Look(5, 1, 1, kNowUs + kSecondUs);
    const std::string late = SavePools(before_.segment)[0];
    for (const auto& bodies : {std::vector{early, late}, std::vector{late, early}}) {
        RestorePools(after_.segment, bodies);
        ObservedPool pool;
        ASSERT_TRUE(after_.segment.observed.ReadPool(0, kSinceUs, &pool));
        ExpectSame(keeper.Pools().pools[0], pool);
        EXPECT_FALSE(after_.segment.observed.ReadPool(1, kSinceUs, &pool));
    }
}

TEST_F(SavedPools, WhatAResetForgetsIsNotSaved) {
    Looker keeper(before_.segment);
    keeper.Look(5, 2, 1, kNowUs);
    Put(before_.segment.header->stats_since_us, kSinceUs + 1);
    EXPECT_TRUE(SavePools(before_.segment).empty());
    RestoringPools(after_.segment).Publish();
    ObservedPool pool;
    EXPECT_FALSE(after_.segment.observed.ReadPool(0, kSinceUs, &pool));
}

TEST_F(SavedPools, NoPoolIsBelieved) {
    Looker keeper(before_.segment);
    keeper.Look(400, 1, 2, kNowUs);
    Damage(SavePools(before_.segment)[0], [&](std::string_view body) {
        RestoringPools pools(after_.segment);
        ByteReader in(body);
        pools.Add(in);
        pools.Publish();
        std::unique_ptr<ObservedPools> seen(new ObservedPools());
        if (!after_.segment.observed.Read(seen.get())) {
            return;
        }
        EXPECT_LE(seen->used, 1U);
        for (const PoolWindow* window : {&seen->pools[0].current, &seen->pools[0].busiest}) {
            EXPECT_LE(window->figures.busy_looks, window->figures.looks);
            EXPECT_LE(window->figures.begun_at_us, window->figures.ended_at_us);
        }
        EXPECT_EQ(seen->pools[0].key.application[kNameBytes - 1], '\0');
    });
}

// Reports.

std::vector<std::string> SaveReports(const Segment& segment) {
    return Save(segment, WritePoolReport, kSavedPoolReports);
}

void RestoreReports(Segment& segment, const std::vector<std::string>& bodies) {
    for (const std::string& body : bodies) {
        ByteReader in(body);
        RestorePoolReport(segment, in);
        EXPECT_TRUE(in.IsSound() && in.IsAtEnd());
    }
}

std::vector<PoolReportCopy> Reports(const Segment& segment, std::uint64_t now_us) {
    std::vector<PoolReportCopy> all;
    PoolReportCopy copy;
    for (std::uint32_t index = 0; index < kPoolReports; ++index) {
        if (segment.pool_reports.Read(index, now_us, &copy)) {
            all.push_back(copy);
        }
    }
    return all;
}

TEST_F(SavedPools, ReportsComeBackWithTheirAge) {
    const PoolKey api = KeyFor("api");
    before_.segment.pool_reports.Report(5, api.application, PoolFigure::kPoolSize, 20, kNowUs);
    before_.segment.pool_reports.Report(5, api.application, PoolFigure::kClientsWaiting, 3,
                                        kNowUs + 1);
    RestoreReports(after_.segment, SaveReports(before_.segment));
    std::vector<PoolReportCopy> reports = Reports(after_.segment, kNowUs + 1);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].database, 5U);
    EXPECT_STREQ(reports[0].application, "api");
    EXPECT_EQ(reports[0].figure_plus_one, (std::array<std::uint64_t, 3>{0, 21, 4}));
    EXPECT_EQ(reports[0].reported_at_us, (std::array<std::uint64_t, 3>{0, kNowUs, kNowUs + 1}));
    reports = Reports(after_.segment, kNowUs + kClientsWaitingLifeUs + 2);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].figure_plus_one[2], 0U);
    EXPECT_TRUE(Reports(after_.segment, kNowUs + kPoolReportLifeUs + 2).empty());
}

TEST_F(SavedPools, WhatWasReportedSinceStays) {
    const PoolKey api = KeyFor("api");
    before_.segment.pool_reports.Report(5, api.application, PoolFigure::kPoolSize, 20, kNowUs);
    before_.segment.pool_reports.Report(5, api.application, PoolFigure::kActiveConnections, 7,
                                        kNowUs);
    after_.segment.pool_reports.Report(5, api.application, PoolFigure::kPoolSize, 30, kNowUs + 9);
    RestoreReports(after_.segment, SaveReports(before_.segment));
    const std::vector<PoolReportCopy> reports = Reports(after_.segment, kNowUs + 9);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].figure_plus_one, (std::array<std::uint64_t, 3>{8, 31, 0}));
}

TEST_F(SavedPools, ReportsWithoutRoomAreDroppedAndCounted) {
    for (std::uint32_t at = 0; at < kPoolReports; ++at) {
        after_.segment.pool_reports.Report(5, KeyFor(std::to_string(at)).application,
                                           PoolFigure::kPoolSize, 1, kNowUs);
    }
    before_.segment.pool_reports.Report(5, KeyFor("api").application, PoolFigure::kPoolSize, 20,
                                        kNowUs);
    RestoreReports(after_.segment, SaveReports(before_.segment));
    EXPECT_EQ(after_.segment.pool_reports.Dropped(), 1U);
}

TEST_F(SavedPools, NoReportIsBelieved) {
    before_.segment.pool_reports.Report(5, KeyFor("api").application, PoolFigure::kPoolSize, 20,
                                        kNowUs);
    Damage(SaveReports(before_.segment)[0], [](std::string_view body) {
        const TestSegment memory;
        TestStore store = memory.Store();
        ByteReader in(body);
        RestorePoolReport(store.segment, in);
        const std::vector<PoolReportCopy> reports = Reports(store.segment, 0);
        EXPECT_LE(reports.size(), in.IsSound() ? 1U : 0U);
        for (const PoolReportCopy& report : reports) {
            EXPECT_EQ(report.application[kNameBytes - 1], '\0');
        }
    });
}

// Refusals.

std::vector<std::string> SaveRefusals(const Segment& segment) {
    return Save(segment, WriteRefusals, kSavedRefusals);
}

void RestoreAllRefusals(Segment& segment, const std::vector<std::string>& bodies) {
    for (const std::string& body : bodies) {
        ByteReader in(body);
        RestoreRefusals(segment, in);
        EXPECT_TRUE(in.IsSound() && in.IsAtEnd());
    }
}

RefusalCounts Refused(const Segment& segment, std::uint64_t now_us) {
    return segment.refusals.Read("shop", "web", "api", now_us);
}

TEST_F(SavedPools, RefusalsComeBackAndAreAddedTo) {
    before_.segment.refusals.Note("shop", "web", "api", kNowUs);
    before_.segment.refusals.Note("shop", "web", "api", kNowUs + kSecondUs);
    before_.segment.refusals.Note("shop", "web", "other", kNowUs);
    const std::vector<std::string> bodies = SaveRefusals(before_.segment);
    EXPECT_EQ(bodies.size(), 2U);
    RestoreAllRefusals(after_.segment, bodies);
    EXPECT_EQ(Refused(after_.segment, kNowUs + kSecondUs).count, 2U);
    EXPECT_EQ(Refused(after_.segment, kNowUs + kSecondUs).first_us, kNowUs);
    EXPECT_EQ(Refused(after_.segment, kNowUs + 2 * kSecondUs + 2 * kRefusalLifeUs).count, 0U);
    // The sum is saved as a limit.
    EXPECT_EQ(after_.segment.refusals.Sum(), 0U);
    after_.segment.refusals.Note("shop", "web", "api", kNowUs + 3 * kSecondUs);
    EXPECT_EQ(Refused(after_.segment, kNowUs + 3 * kSecondUs).count, 3U);
    EXPECT_EQ(Refused(after_.segment, kNowUs + 3 * kSecondUs).first_us, kNowUs);
}

TEST_F(SavedPools, RefusalsSinceAreCountedTogetherUnlessTheyLieApart) {
    before_.segment.refusals.Note("shop", "web", "api", kNowUs);
    const std::vector<std::string> bodies = SaveRefusals(before_.segment);
    const std::uint64_t soon = kNowUs + 5 * kSecondUs;
    after_.segment.refusals.Note("shop", "web", "api", soon);
    RestoreAllRefusals(after_.segment, bodies);
    EXPECT_EQ(Refused(after_.segment, soon).count, 2U);
    EXPECT_EQ(Refused(after_.segment, soon).first_us, kNowUs);
    const TestSegment memory;
    TestStore apart = memory.Store();
    const std::uint64_t late = kNowUs + 2 * kRefusalLifeUs;
    apart.segment.refusals.Note("shop", "web", "api", late);
    RestoreAllRefusals(apart.segment, bodies);
    EXPECT_EQ(Refused(apart.segment, late).count, 1U);
    EXPECT_EQ(Refused(apart.segment, late).first_us, late);
}

TEST_F(SavedPools, RefusalsWithoutRoomAreLeftOut) {
    for (std::uint32_t at = 0; at < kRefusals; ++at) {
        after_.segment.refusals.Note("shop", "web", std::to_string(at).c_str(), kNowUs);
    }
    before_.segment.refusals.Note("shop", "web", "api", kNowUs);
    RestoreAllRefusals(after_.segment, SaveRefusals(before_.segment));
    EXPECT_EQ(Refused(after_.segment, kNowUs).count, 0U);
    EXPECT_EQ(after_.segment.refusals.Read("shop", "web", "7", kNowUs).count, 1U);
}

TEST_F(SavedPools, NoRefusalsAreBelieved) {
    before_.segment.refusals.Note("shop", "web", "api", kNowUs);
    Damage(SaveRefusals(before_.segment)[0], [](std::string_view body) {
        const TestSegment memory;
        TestStore store = memory.Store();
        ByteReader in(body);
        RestoreRefusals(store.segment, in);
        EXPECT_LE(SaveRefusals(store.segment).size(), in.IsSound() ? 1U : 0U);
    });
}

}  // namespace
}  // namespace elile::core
