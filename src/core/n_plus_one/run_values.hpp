// The values that a statement ran with, one by one.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace elile::core {

// Numbers up to this one have a bit in a set of parameters.
inline constexpr std::uint32_t kMostParameters = 64;

// A set of parameters has the bit `number - 1` of each. Others than the first 64 are in none.
constexpr std::uint64_t BitOfParameter(std::uint32_t number) noexcept {
    return number >= 1 && number <= kMostParameters ? std::uint64_t{1} << (number - 1) : 0;
}

struct RunValue {
    enum class Use : std::uint8_t {
        kAny,    // also where the text was not looked at
        kBound,  // a column is less or more than it
        kPlace   // LIMIT, OFFSET or FETCH counts rows by it
    };
    std::uint32_t number = 0;    // in the normalised text, from 1 on
    bool is_comparable = false;  // with values of rows
    Use use = Use::kAny;
    std::uint64_t hash = 0;
};

// Each number comes once. Values beyond the room are left out.
struct RunValues {
    static constexpr std::uint32_t kMost = 16;
    std::array<RunValue, kMost> of;
    std::uint32_t count = 0;

    std::span<const RunValue> All() const noexcept { return {of.data(), count}; }
    std::span<RunValue> All() noexcept { return {of.data(), count}; }
    void Add(const RunValue& value) noexcept {
        for (const RunValue& known : All()) {
            if (known.number == value.number) {
                return;
            }
        }
        if (count < kMost) {
            of[count++] = value;
        }
    }
};

// This is what a statement's text tells of its values.
struct TextValues {
    RunValues each = {};
    std::uint64_t lists = 0;  // hash of those that form a list: arrays, and what commas separate
    bool has_limit = false;
};

}  // namespace elile::core
