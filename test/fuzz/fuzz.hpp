// What all fuzz targets share: how they read an input, and how a claim that does not hold ends.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace elile::fuzz {

// libFuzzer keeps the input that ends the program.
inline void Require(bool holds, const char* claim, const char* about = "") {
    if (!holds) {
        std::fprintf(stderr, "the claim does not hold: %s\n%s\n", claim, about);
        std::abort();
    }
}

// Reads an input from its beginning. Behind the end there are zeros and empty texts.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size)
        : rest_(reinterpret_cast<const char*>(data), size) {}

    bool IsAtEnd() const { return rest_.empty(); }
    template <typename T>
    T Number() {
        T number = 0;
        const std::size_t bytes = std::min(sizeof(number), rest_.size());
        if (bytes > 0) {
            std::memcpy(&number, rest_.data(), bytes);
        }
        rest_.remove_prefix(bytes);
        return number;
    }
    // Takes one byte for it.
    std::size_t Below(std::size_t limit) { return Number<std::uint8_t>() % limit; }
    // Takes what is before the next line "%%", so that people can write inputs too.
    std::string_view Part() {
        constexpr std::string_view kEnd = "\n%%\n";
        const std::size_t end = rest_.find(kEnd);
        const std::string_view part = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + kEnd.size());
        return part;
    }
    std::string_view Rest() const { return rest_; }

private:
    std::string_view rest_;
};

}  // namespace elile::fuzz
