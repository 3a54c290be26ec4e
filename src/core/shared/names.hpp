// Names in the segment are arrays of one length, padded with zeros.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace elile::core {

inline constexpr int kNameBytes = 64;  // NAMEDATALEN
// So many databases have a name; the others are one.
inline constexpr std::uint32_t kDatabases = 32;

// Fills `to` with zeros to its end, and cuts a name that is longer.
inline void CopyName(char (&to)[kNameBytes], std::string_view from) noexcept {
    std::memset(to, 0, sizeof(to));
    from.copy(to, sizeof(to) - 1);
}

}  // namespace elile::core
