// The keyed hash: what it tells apart.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "exporter/keyed_hash.hpp"

namespace elile::exporter {
namespace {

TEST(KeyedHashTest, TellsTextsApart) {
    const KeyedHash hash;
    std::set<std::uint64_t> seen;
    for (std::size_t length = 0; length < 40; ++length) {
        const Digest digest = hash.Of(std::string(length, '\0'));
        EXPECT_TRUE(digest.IsEqual(hash.Of(std::string(length, '\0'))));
        seen.insert(digest.first);
        seen.insert(digest.second);
    }
    for (int bit = 0; bit < 8; ++bit) {
        seen.insert(
            hash.Of(std::string("long enough for two words") + static_cast<char>(1 << bit)).first);
    }
    EXPECT_EQ(seen.size(), 88U);
}

TEST(KeyedHashTest, HasAKeyOfItsOwn) {
    EXPECT_FALSE(KeyedHash().Of("alice:secret").IsEqual(KeyedHash().Of("alice:secret")));
}

}  // namespace
}  // namespace elile::exporter
