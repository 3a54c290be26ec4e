// A query identifier leads to its entries, of all roles, while entries come, go and are folded.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

constexpr Target kTarget{1, Operation::kSelect};

StatementKey KeyOfRole(std::uint64_t queryid, std::uint32_t userid) {
    return {queryid, userid, 5, true, false, 1};
}

void Execute(TestStore& store, const StatementKey& key) {
    Handle handle = store.Find(key);
    while (!store.AddExecution(handle, {5000, 1, false, false}, ResourceUse{})) {
        handle = store.Insert(key, {kTarget, 0, 1});
    }
}

void FoldAll(TestStore& store) {
    for (int round = 0; round < 100; ++round) {
        store.Fold();
    }
}

std::vector<std::uint32_t> RolesOf(const Segment& segment, std::uint64_t queryid) {
    std::vector<std::uint32_t> roles;
    segment.statements.ForEachOfQuery(
        queryid, [&roles](const Entry& entry) { roles.push_back(KeyOf(entry).userid); });
    std::sort(roles.begin(), roles.end());
    return roles;
}

using Roles = std::vector<std::uint32_t>;

TEST(QueryChains, LeadToTheEntriesOfAllRoles) {
    const TestSegment memory;
    TestStore store = memory.Store();
    for (const std::uint32_t userid : {10U, 11U, 12U}) {
        Execute(store, KeyOfRole(7, userid));
        Execute(store, KeyOfRole(8, userid));
    }
    EXPECT_EQ(RolesOf(store.segment, 7), (Roles{10, 11, 12}));
    EXPECT_EQ(RolesOf(store.segment, 9), Roles{});
    ASSERT_TRUE(store.TryReset(11, 0, 7, 2));
    EXPECT_EQ(RolesOf(store.segment, 7), (Roles{10, 12}));
    EXPECT_EQ(RolesOf(store.segment, 8), (Roles{10, 11, 12}));
    FoldAll(store);
    Execute(store, KeyOfRole(7, 13));
    EXPECT_EQ(RolesOf(store.segment, 7), (Roles{10, 12, 13}));
    ASSERT_TRUE(store.TryReset(0, 0, 7, 2));
    EXPECT_EQ(RolesOf(store.segment, 7), Roles{});
    EXPECT_EQ(RolesOf(store.segment, 8), (Roles{10, 11, 12}));
    ASSERT_TRUE(store.TryReset(0, 0, 0, 2));
    FoldAll(store);
    EXPECT_EQ(RolesOf(store.segment, 8), Roles{});
    EXPECT_EQ(store.segment.statements.free_entries.Count(),
              store.segment.statements.entries.size());
}

// Its number is made from a table's, and is no query's.
TEST(QueryChains, PassOverWhatHasNoIdentifier) {
    const TestSegment memory;
    TestStore store = memory.Store();
    const StatementKey key{7, 10, 5, true, true, 1};
    Execute(store, key);
    EXPECT_EQ(RolesOf(store.segment, 7), Roles{});
    ASSERT_TRUE(store.TryReset(0, 0, 7, 2));
    EXPECT_TRUE(store.Find(key).IsValid());
}

TEST(QueryChains, AreMadeAnewAfterACrash) {
    const TestSegment memory;
    TestStore store = memory.Store();
    for (const std::uint32_t userid : {10U, 11U, 12U}) {
        Execute(store, KeyOfRole(7, userid));
    }
    const Handle retired = store.Find(KeyOfRole(7, 11));
    ASSERT_TRUE(store.segment.statements.Retire(retired, false));
    store.segment.statements.chains.Clear();
    store.Repair();
    EXPECT_EQ(RolesOf(store.segment, 7), (Roles{10, 12}));
    // The retired one is forgotten with its statement, so nothing of it comes back.
    ASSERT_TRUE(store.TryReset(0, 0, 7, 2));
    FoldAll(store);
    EXPECT_EQ(Total(store.segment).Executions(), 0U);
}

TEST(QueryChains, HoldWhatIsLiveBesideSessionsThatChurn) {
    const TestSegment memory;
    std::vector<std::thread> sessions;
    for (std::uint32_t session = 0; session < 4; ++session) {
        sessions.emplace_back([&memory, session] {
            TestStore store = memory.Store(session);
            std::mt19937 random(session);
            for (int round = 0; round < 20000; ++round) {
                const std::uint32_t chosen = random();
                Execute(store, KeyOfRole(7 + chosen % 2, 10 + chosen / 2 % 1000));
            }
        });
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    TestStore store = memory.Store();
    FoldAll(store);
    const Segment& segment = store.segment;
    EXPECT_GT(Get(segment.statements.shared->evictions), 0U);
    const Roles first = RolesOf(segment, 7);
    const Roles second = RolesOf(segment, 8);
    EXPECT_EQ(first.size() + second.size(), Get(segment.statements.shared->live));
    EXPECT_EQ(std::adjacent_find(first.begin(), first.end()), first.end());
    for (const std::uint32_t userid : first) {
        EXPECT_TRUE(store.Find(KeyOfRole(7, userid)).IsValid());
    }
}

}  // namespace
}  // namespace elile::core
