// Plain data in shared words is moved word by word. Whoever reads while somebody writes gets old
// and new words, never a data race.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/shared/atomics.hpp"

namespace elile::core {

constexpr std::size_t WordsFor(std::size_t bytes) noexcept {
    return (bytes + sizeof(Word) - 1) / sizeof(Word);
}

// Calls `visit(at, length)` for each word's share of that many bytes; only the last one is shorter.
template <typename Visit>
void ForEachWordOf(std::size_t bytes, Visit visit) noexcept {
    for (std::size_t at = 0; at < bytes; at += sizeof(Word)) {
        visit(at, std::min(sizeof(Word), bytes - at));
    }
}

// `to` has WordsFor(bytes) words; the rest of the last one becomes zero.
inline void StoreWords(Word* to, const void* from, std::size_t bytes) noexcept {
    ForEachWordOf(bytes, [&](std::size_t at, std::size_t length) {
        std::uint64_t word = 0;
        std::memcpy(&word, static_cast<const char*>(from) + at, length);
        Put(to[at / sizeof(Word)], word);
    });
}

inline void LoadWords(const Word* from, void* to, std::size_t bytes) noexcept {
    ForEachWordOf(bytes, [&](std::size_t at, std::size_t length) {
        const std::uint64_t word = Get(from[at / sizeof(Word)]);
        std::memcpy(static_cast<char*>(to) + at, &word, length);
    });
}

}  // namespace elile::core
