// Reports of applications on their pools: found again, forgotten when old, dropped when too many.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/pools/reports.hpp"

#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

class PoolReportsTest : public testing::Test {
protected:
    void Report(const std::string& application, PoolFigure figure, std::uint64_t value,
                std::uint64_t now_us = 1) {
        char name[kNameBytes] = {};
        application.copy(name, sizeof(name) - 1);
        reports_.Report(7, name, figure, value, now_us);
    }
    std::vector<PoolReportCopy> All(std::uint64_t now_us = 1) const {
        std::vector<PoolReportCopy> all;
        PoolReportCopy copy;
        for (std::uint32_t index = 0; index < kPoolReports; ++index) {
            if (reports_.Read(index, now_us, &copy)) {
                all.push_back(copy);
            }
        }
        return all;
    }

    PoolReports reports_;
    PartMemory memory_{reports_, kSmallSizes};
};

TEST_F(PoolReportsTest, KeepsTheLastWordOnEachFigure) {
    Report("api", PoolFigure::kPoolSize, 20);
    Report("api", PoolFigure::kActiveConnections, 3);
    Report("api", PoolFigure::kActiveConnections, 0);
    Report("worker", PoolFigure::kPoolSize, 5);
    const auto all = All();
    ASSERT_EQ(all.size(), 2U);
    for (const PoolReportCopy& report : all) {
        EXPECT_EQ(report.database, 7U);
        const bool is_api = std::string(report.application) == "api";
        EXPECT_EQ(report.figure_plus_one[1], is_api ? 21U : 6U);
        EXPECT_EQ(report.figure_plus_one[0], is_api ? 1U : 0U);
    }
}

TEST_F(PoolReportsTest, ForgetsWhatIsOld) {
    Report("api", PoolFigure::kPoolSize, 20, 1);
    EXPECT_EQ(All(kPoolReportLifeUs).size(), 1U);
    EXPECT_TRUE(All(kPoolReportLifeUs + 2).empty());
}

TEST_F(PoolReportsTest, DropsWhatFindsNoPlaceAndTakesThatOfTheOld) {
    for (std::uint32_t application = 0; application < kPoolReports + 10; ++application) {
        Report(std::to_string(application), PoolFigure::kPoolSize, 1, 1);
    }
    EXPECT_EQ(All().size(), kPoolReports);
    EXPECT_EQ(reports_.Dropped(), 10U);
    const std::uint64_t later = kPoolReportLifeUs + 2;
    Report("new", PoolFigure::kActiveConnections, 4, later);
    ASSERT_EQ(All(later).size(), 1U);
    EXPECT_STREQ(All(later)[0].application, "new");
    EXPECT_EQ(All(later)[0].figure_plus_one[1], 0U);
    EXPECT_EQ(reports_.Dropped(), 10U);
}

TEST_F(PoolReportsTest, SessionsThatReportAtOnceHaveOnePlace) {
    std::vector<std::thread> sessions;
    for (int session = 0; session < 4; ++session) {
        sessions.emplace_back([this] {
            for (std::uint64_t round = 0; round < 2000; ++round) {
                Report("app" + std::to_string(round % 20), PoolFigure::kPoolSize, 9);
            }
        });
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    const auto all = All();
    EXPECT_EQ(all.size(), 20U);
    for (const PoolReportCopy& report : all) {
        EXPECT_EQ(report.figure_plus_one[1], 10U);
    }
}

TEST_F(PoolReportsTest, RepairFreesWhatADeadSessionWasWriting) {
    Carver again = memory_.Again();
    again.Take<Word>();
    auto* places = again.Take<PoolReport>(kPoolReports);
    Report("api", PoolFigure::kPoolSize, 20);
    for (std::uint32_t index = 0; index < kPoolReports; ++index) {
        if (Get(places[index].key) != 0) {
            places[index].sequence.Begin();
        }
    }
    EXPECT_TRUE(All().empty());
    reports_.Repair();
    Report("api", PoolFigure::kPoolSize, 21);
    ASSERT_EQ(All().size(), 1U);
    EXPECT_EQ(All()[0].figure_plus_one[1], 22U);
}

}  // namespace
}  // namespace elile::core
