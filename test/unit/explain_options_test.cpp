#include "core/statements/explain_options.hpp"

#include <gtest/gtest.h>

#include <string>

namespace elile::core {
namespace {

// As NAME=VALUE:KIND, one after the other; or the error.
std::string Parsed(const std::string& list) {
    ExplainOptions options;
    const char* error = ParseExplainOptions(list, options);
    if (error != nullptr) {
        return error;
    }
    std::string text;
    for (int at = 0; at < options.count; ++at) {
        const ExplainOption& option = options.options[static_cast<std::size_t>(at)];
        text += std::string(text.empty() ? "" : " ") + options.NameOf(option);
        if (option.kind != OptionValue::kNone) {
            text += std::string("=") + options.ValueOf(option) + ":" +
                    "nifs"[static_cast<std::size_t>(option.kind)];
        }
    }
    return text;
}

TEST(ExplainOptions, AreReadAsExplainReadsThem) {
    EXPECT_EQ(Parsed(""), "");
    EXPECT_EQ(Parsed("  \t"), "");
    EXPECT_EQ(Parsed("debug"), "debug");
    EXPECT_EQ(Parsed(" DEBUG , Range_Table ON"), "debug range_table=on:s");
    EXPECT_EQ(Parsed("a 1,b -2,c +3"), "a=1:i b=-2:i c=3:i");
    EXPECT_EQ(Parsed("a 1.5, b 5000000000"), "a=1.5:f b=5000000000:f");
    EXPECT_EQ(Parsed("\"Mixed \"\"Case\"\"\" 'it''s, so'"), "Mixed \"Case\"=it's, so:s");
    EXPECT_EQ(Parsed("a \"Word\""), "a=Word:s");
    EXPECT_EQ(Parsed("a ''"), "a=:s");
}

TEST(ExplainOptions, AreRefusedWithTheReason) {
    EXPECT_EQ(Parsed(","), "The name of an option is missing.");
    EXPECT_EQ(Parsed("debug,"), "The name of an option is missing.");
    EXPECT_EQ(Parsed("1"), "The name of an option is missing.");
    EXPECT_EQ(Parsed("debug on off"), "A comma is missing between two options.");
    EXPECT_EQ(Parsed("debug 'on"), "A quoted value has no end.");
    EXPECT_EQ(Parsed("\"debug"), "A quoted name has no end.");
    EXPECT_EQ(Parsed("debug 1x"), "A value is neither a word, a number nor quoted.");
    EXPECT_EQ(Parsed("debug (on)"), "A value is neither a word, a number nor quoted.");
}

TEST(ExplainOptions, HaveBounds) {
    std::string list = "o";
    for (std::size_t more = 1; more < ExplainOptions::kMost; ++more) {
        list += ",o";
    }
    EXPECT_EQ(Parsed(list).size(), 2 * ExplainOptions::kMost - 1);
    EXPECT_EQ(Parsed(list + ",o"), "There are more than 16 options.");
    EXPECT_EQ(Parsed(std::string(992, 'o')).size(), 992U);
    EXPECT_EQ(Parsed(std::string(993, 'o')), "The list is longer than 992 bytes.");
    EXPECT_EQ(Parsed("o '" + std::string(989, 'x')), "A quoted value has no end.");
}

}  // namespace
}  // namespace elile::core
