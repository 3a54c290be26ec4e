// A utility's identifiers lead to the first of them that was seen, and never to another text.
#include <gtest/gtest.h>

#include "core/shared/hash.hpp"
#include "core/statements/utility_ids.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

TEST(UtilityIds, LeadToTheFirstOfTheirText) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    UtilityIds& ids = segment.utility_ids;
    EXPECT_FALSE(ids.Find(7).IsKnown());
    EXPECT_EQ(ids.ShownFor(7), 7U);
    EXPECT_EQ(ids.Note(7, 100).queryid, 7U);
    EXPECT_EQ(ids.Note(8, 100).queryid, 7U);
    EXPECT_EQ(ids.Note(9, 200).queryid, 9U);
    EXPECT_EQ(ids.ShownFor(8), 7U);
    EXPECT_EQ(ids.ShownFor(9), 9U);
    EXPECT_EQ(ids.Find(8).text_hash, 100U);
}

TEST(UtilityIds, AreForgottenByAResetOfAllOnly) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    segment.utility_ids.Note(7, 100);
    segment.utility_ids.Note(8, 100);
    ASSERT_TRUE(segment.TryReset({10, 5, 7}, 1));
    EXPECT_EQ(segment.utility_ids.ShownFor(8), 7U);
    ASSERT_TRUE(segment.TryReset({0, 0, 0}, 1));
    EXPECT_FALSE(segment.utility_ids.Find(7).IsKnown());
    EXPECT_EQ(segment.utility_ids.Note(8, 100).queryid, 8U);
}

// What finds no room takes the place of another one, which is then looked for in vain.
TEST(UtilityIds, BeyondTheirRoomAreForgottenButNeverMixedUp) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    UtilityIds& ids = segment.utility_ids;
    constexpr std::uint64_t kMany = 5000;
    for (std::uint64_t number = 1; number <= kMany; ++number) {
        const std::uint64_t id = Mix(number);
        const UtilityMeaning noted = ids.Note(id, Mix(id));
        EXPECT_EQ(noted.queryid, id);
        EXPECT_EQ(ids.Find(id).queryid, id);
    }
    std::uint64_t found = 0;
    for (std::uint64_t number = 1; number <= kMany; ++number) {
        const std::uint64_t id = Mix(number);
        const UtilityMeaning meaning = ids.Find(id);
        if (meaning.IsKnown()) {
            ++found;
            EXPECT_EQ(meaning.text_hash, Mix(id));
            EXPECT_EQ(meaning.queryid, id);
        }
    }
    EXPECT_GE(found, kSmallSizes.statements);
    EXPECT_LT(found, kMany);
}

}  // namespace
}  // namespace elile::core
