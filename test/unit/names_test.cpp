// Names as labels are valid UTF-8 and two of them never become one; rates go on after a reset.
#include <gtest/gtest.h>

#include "exporter/names.hpp"
#include "exporter/rates.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::exporter {
namespace {

TEST(ToUtf8, KeepsWhatIsValid) {
    for (const std::string text :
         {"plain", "sp ace\n\"\\", "\u00e9\u20ac\U0001f418", "\u007f\u0080\ud7ff\ue000\uffff"}) {
        EXPECT_EQ(ToUtf8(text), text);
    }
    EXPECT_EQ(ToUtf8(std::string_view("\0", 1)), std::string(1, '\0'));
}

TEST(ToUtf8, WritesOtherBytesOut) {
    EXPECT_EQ(ToUtf8("caf\xe9"), "caf\\xE9");
    EXPECT_EQ(ToUtf8("\xc0\x80"), "\\xC0\\x80");           // overlong
    EXPECT_EQ(ToUtf8("\xed\xa0\x80"), "\\xED\\xA0\\x80");  // a surrogate
    EXPECT_EQ(ToUtf8("\xf4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80");
    EXPECT_EQ(ToUtf8("\xe2\x82"), "\\xE2\\x82");  // cut short
    EXPECT_EQ(ToUtf8("\xff"
                     "a"),
              "\\xFFa");
}

TEST(TableLabel, IsBareInPublicAndNeverTakenForTheRest) {
    EXPECT_EQ(TableLabel("public", "orders"), "orders");
    EXPECT_EQ(TableLabel("sales", "orders"), "sales.orders");
    EXPECT_EQ(TableLabel("", ""), "");
    EXPECT_EQ(TableLabel("public", "other"), "public.other");
}

TEST(DatabaseNames, AreNumbersWhereNoSessionLeftTheName) {
    const core::TestSegment memory;
    core::OwnSegment segment = memory.View();
    core::TableNames names{};
    segment.databases.Insert({1, 0, 0}, names, 6);
    std::string("shop").copy(names.table, 4);
    segment.databases.Insert({2, 0, 0}, names, 6);
    const DatabaseNames databases(segment);
    EXPECT_EQ(databases.Of(0), "other");
    EXPECT_EQ(databases.Of(1), "1");
    EXPECT_EQ(databases.Of(2), "shop");
    EXPECT_EQ(databases.Of(3), "3");
    EXPECT_FALSE(databases.IsSuperseded(2));
}

TEST(DatabaseNames, TellADatabaseThatWasMadeAnew) {
    const core::TestSegment memory;
    core::OwnSegment segment = memory.View();
    core::TableNames names{};
    std::string("shop").copy(names.table, 4);
    segment.databases.Insert({9, 0, 0}, names, 6);
    segment.databases.Insert({4, 0, 0}, names, 6);
    const DatabaseNames databases(segment);
    EXPECT_TRUE(databases.IsSuperseded(4));
    EXPECT_FALSE(databases.IsSuperseded(9));
}

TEST(RateWindow, IsOverTheLastMinute) {
    constexpr std::uint64_t kSecond = 1000000000;
    RateWindow window;
    EXPECT_FALSE(window.PerSecond().has_value());
    for (std::uint64_t second = 0; second <= 120; ++second) {
        window.Add({second * kSecond, second <= 60 ? 0 : (second - 60) * 10, second, 0});
    }
    ASSERT_TRUE(window.PerSecond().has_value());
    EXPECT_DOUBLE_EQ(window.PerSecond()->queries, 10);
    EXPECT_DOUBLE_EQ(window.PerSecond()->slow, 1);
    // A sample that is looked at twice is one; a reset begins anew.
    window.Add({120 * kSecond, 600, 120, 0});
    EXPECT_DOUBLE_EQ(window.PerSecond()->queries, 10);
    window.Add({121 * kSecond, 1, 0, 0});
    EXPECT_FALSE(window.PerSecond().has_value());
    window.Add({122 * kSecond, 4, 0, 0});
    EXPECT_DOUBLE_EQ(window.PerSecond()->queries, 3);
}

}  // namespace
}  // namespace elile::exporter
