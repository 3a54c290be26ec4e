// Executions by where their plan came from.
#include <gtest/gtest.h>

#include "segment_fixture.hpp"

namespace elile::core {
namespace {

class PlanOrigins : public testing::Test {
protected:
    void Run(PlanOrigin origin, std::uint64_t times = 1) {
        EXPECT_TRUE(store_.AddExecution(handle_, {5000, 1, false, false}, {}, times, origin));
    }
    Counters& Unit() { return store_.segment.statements.entries[handle_.slot].counters; }
    static std::uint64_t CallsOf(const Counters& unit, PlanOrigin origin) {
        return Get(unit.plans.calls_by_origin[origin]);
    }

    TestSegment memory_;
    TestStore store_ = memory_.Store();
    Handle handle_ = store_.Insert(Key(1), {{1, Operation::kSelect}, 0, 1});
};

TEST_F(PlanOrigins, AreCountedWhereTheyAreOfInterest) {
    Run(kGenericPlan);
    Run(kGenericPlan);
    Run(kCustomPlan);
    Run(kOtherPlan);
    EXPECT_EQ(CallsOf(Unit(), kGenericPlan), 2U);
    EXPECT_EQ(CallsOf(Unit(), kCustomPlan), 1U);
    EXPECT_EQ(Get(Unit().tally.calls), 4U);
}

TEST_F(PlanOrigins, CountForThoseThatWereNotLookedAt) {
    Run(kCustomPlan, 4);
    EXPECT_EQ(CallsOf(Unit(), kCustomPlan), 4U);
}

TEST_F(PlanOrigins, MoveWithTheOtherCounts) {
    Run(kGenericPlan);
    Run(kCustomPlan);
    Run(kCustomPlan);
    ASSERT_TRUE(store_.AddPlanning(handle_, 7000, {}));
    const Handle heir = store_.Insert(Key(2), {{1, Operation::kSelect}, 0, 1});
    Counters& into = store_.segment.statements.entries[heir.slot].counters;
    AddCountersTo(Unit(), into, store_.segment.statements.octaves);
    EXPECT_EQ(CallsOf(into, kGenericPlan), 1U);
    EXPECT_EQ(CallsOf(into, kCustomPlan), 2U);
    EXPECT_EQ(Get(into.plans.plans), 1U);
    EXPECT_EQ(~Get(into.plans.inverted_min_ns), 7000U);
    ClearCounters(into, store_.segment.statements.octaves);
    EXPECT_EQ(CallsOf(into, kGenericPlan), 0U);
    EXPECT_EQ(CallsOf(into, kCustomPlan), 0U);
    EXPECT_EQ(Get(into.plans.plans), 0U);
}

}  // namespace
}  // namespace elile::core
