// Each limit has one name and counts what hits it; so does each reason for which a plan is lost.
#include "core/limits.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/statements/lost_plans.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

std::uint64_t CountedAs(const char* name, const Segment& segment) {
    return FindLimit(name)->count(segment);
}

TEST(Limits, HaveNamesOfTheirOwnAndNothingAtFirst) {
    const TestSegment memory;
    const OwnSegment segment = memory.View();
    std::set<std::string> names;
    for (const Limit& limit : Limits()) {
        EXPECT_TRUE(names.insert(limit.name).second) << limit.name;
        EXPECT_EQ(FindLimit(limit.name), &limit);
        EXPECT_EQ(limit.count(segment), 0U) << limit.name;
    }
    EXPECT_EQ(FindLimit("eviction"), nullptr);
}

// No two read the same counter.
TEST(Limits, CountWhatHitsThem) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    StatementTable::Shared& statements = *segment.statements.shared;
    Add(statements.evictions, 1);
    Add(statements.dropped, 2);
    Add(statements.buckets_dropped, 3);
    Add(statements.not_ready, 4);
    Add(statements.stripes_dropped, 5);
    Add(segment.header->repaired_slots, 6);
    Add(segment.slow_log.shared->suppressed, 7);
    Add(segment.slow_log.shared->parameters_lost, 8);
    Add(segment.exporter.shared->logins_denied, 9);
    Add(segment.exporter.shared->logins_refused, 10);
    Add(segment.exporter.shared->starts, 11);
    CountLost(segment.slow_log.shared->plans_lost, LostPlan::kNoRoom, 5);
    CountLost(segment.slow_log.shared->plans_lost, LostPlan::kError, 7);
    segment.texts.NoteCut();
    std::uint64_t expected = 0;
    for (const char* name :
         {"evictions", "dropped", "buckets_dropped", "not_ready", "stripes_dropped",
          "repaired_slots", "log_suppressed", "parameters_lost", "logins_denied", "logins_refused",
          "exporter_starts", "plans_lost"}) {
        EXPECT_EQ(CountedAs(name, segment), ++expected) << name;
    }
    EXPECT_EQ(CountedAs("texts_cut", segment), 1U);
}

TEST(LostPlans, HaveANameForEachReason) {
    LostPlanCounters counters{};
    std::set<std::string_view> names(kLostPlanNames.begin(), kLostPlanNames.end());
    EXPECT_EQ(names.size(), kLostPlanReasons);
    CountLost(counters, LostPlan::kInvisibleTable, 2);
    CountLost(counters, LostPlan::kError, 3);
    EXPECT_EQ(Get(counters.front()), 2U);
    EXPECT_EQ(Get(counters.back()), 3U);
    EXPECT_EQ(Sum(counters), 5U);
}

}  // namespace
}  // namespace elile::core
