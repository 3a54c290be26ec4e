// A hash with a secret key: SipHash-2-4 by Aumasson and Bernstein, twice for 128 bits.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace elile::exporter {

struct Digest {
    std::uint64_t first = 0;
    std::uint64_t second = 0;

    // This takes the same time whatever it finds.
    bool IsEqual(const Digest& other) const {
        return ((first ^ other.first) | (second ^ other.second)) == 0;
    }
};

// Each object makes its key at random, and the key never leaves it. So nobody can make a text that
// has a given digest, nor tell a text from a digest alone. Any thread may use it.
class KeyedHash {
public:
    KeyedHash();  // throws where the system has no random numbers

    Digest Of(std::string_view text) const;

private:
    std::array<std::uint64_t, 4> key_;
};

}  // namespace elile::exporter
