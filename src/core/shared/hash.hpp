// Mix() is the finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014) for a 64-bit word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace elile::core {

inline std::uint64_t Mix(std::uint64_t word) noexcept {
    word += UINT64_C(0x9e3779b97f4a7c15);
    word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
    return word ^ (word >> 31);
}

// `length` is a multiple of 8.
inline std::uint64_t MixBytes(std::uint64_t hash, const void* bytes, std::size_t length) noexcept {
    for (std::size_t at = 0; at < length; at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, static_cast<const char*>(bytes) + at, sizeof(word));
        hash = Mix(hash ^ word);
    }
    return hash;
}

}  // namespace elile::core
