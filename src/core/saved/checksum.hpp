// A checksum of 64 bits says whether bytes are as they were written. It keeps nobody out.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/shared/hash.hpp"

namespace elile::core {

inline std::uint64_t ChecksumOf(std::string_view bytes) noexcept {
    const std::size_t whole = bytes.size() / 8 * 8;
    std::uint64_t last = 0;
    std::memcpy(&last, bytes.data() + whole, bytes.size() - whole);
    const std::uint64_t hash = MixBytes(Mix(bytes.size()), bytes.data(), whole);
    return Mix(hash ^ last);
}

}  // namespace elile::core
