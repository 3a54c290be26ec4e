// Edits replace what they name and nothing else.
#include "core/n_plus_one/text_edit.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace elile::core {
namespace {

std::string Edited(std::string_view source, const std::vector<TextEdit>& edits) {
    EXPECT_TRUE(AreInOrder(source, edits.data(), edits.size()));
    std::string out(EditedLength(source, edits.data(), edits.size()), '\0');
    ApplyEdits(source, edits.data(), edits.size(), out.data());
    return out;
}

bool InOrder(std::string_view source, const std::vector<TextEdit>& edits) {
    return AreInOrder(source, edits.data(), edits.size());
}

TEST(TextEdit, WithoutEditsIsTheSource) {
    EXPECT_EQ(Edited("select 1", {}), "select 1");
    EXPECT_EQ(Edited("", {}), "");
}

TEST(TextEdit, ReplacesInsertsAndRemoves) {
    const std::string source = "select a from t where b = $1 limit $2";
    EXPECT_EQ(Edited(source, {{8, 8, ", b"}, {26, 26, "any("}, {28, 28, ")"}, {28, 37, ""}}),
              "select a, b from t where b = any($1)");
}

TEST(TextEdit, InsertsAtBothEndsAndSeveralTimesAtOnePlace) {
    EXPECT_EQ(Edited("b", {{0, 0, "a"}, {1, 1, "c"}, {1, 1, "d"}}), "abcd");
    EXPECT_EQ(Edited("", {{0, 0, "a"}, {0, 0, "b"}}), "ab");
}

TEST(TextEdit, CountsBytes) {
    EXPECT_EQ(Edited("\u00e9 = $1", {{5, 7, "any($1)"}}), "\u00e9 = any($1)");
}

TEST(TextEdit, ReplacesAll) { EXPECT_EQ(Edited("$1", {{0, 2, "key.value"}}), "key.value"); }

TEST(TextEdit, KnowsWhatIsOutOfOrder) {
    EXPECT_FALSE(InOrder("abc", {{1, 2, ""}, {0, 1, ""}}));
    EXPECT_FALSE(InOrder("abc", {{0, 2, ""}, {1, 3, ""}}));
    EXPECT_FALSE(InOrder("abc", {{2, 1, ""}}));
    EXPECT_FALSE(InOrder("abc", {{0, 4, ""}}));
    EXPECT_FALSE(InOrder("abc", {{4, 4, ""}}));
    EXPECT_TRUE(InOrder("abc", {{0, 1, ""}, {1, 1, "x"}, {1, 3, ""}}));
}

}  // namespace
}  // namespace elile::core
