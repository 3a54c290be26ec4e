// A setting lists the options that extensions add to EXPLAIN: NAME [VALUE], ... as between
// EXPLAIN's own brackets.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace elile::core {

enum class OptionValue : std::uint8_t { kNone, kInteger, kFloat, kString };

struct ExplainOption {
    std::uint16_t name;  // where it begins in the list's text
    std::uint16_t value;
    OptionValue kind;
};

// It is one block of memory that can be copied: names and values are strings in `text`, each with
// its end. Names and bare words are in lower case, as the server's parser has them.
struct ExplainOptions {
    static constexpr std::size_t kMost = 16;
    static constexpr std::size_t kMostBytes = 1024;

    const char* NameOf(const ExplainOption& option) const noexcept { return &text[option.name]; }
    const char* ValueOf(const ExplainOption& option) const noexcept { return &text[option.value]; }

    std::uint16_t count;
    std::uint16_t used;  // of text
    std::array<ExplainOption, kMost> options;
    std::array<char, kMostBytes> text;
};

// Returns null, or a sentence that says what is wrong with the list.
const char* ParseExplainOptions(std::string_view list, ExplainOptions& into) noexcept;

}  // namespace elile::core
