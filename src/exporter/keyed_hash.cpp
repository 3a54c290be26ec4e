#include "exporter/keyed_hash.hpp"

#include <sys/random.h>

#include <bit>
#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace elile::exporter {
namespace {

class SipState {
public:
    SipState(std::uint64_t key, std::uint64_t other_key)
        : a_(key ^ UINT64_C(0x736f6d6570736575)),
          b_(other_key ^ UINT64_C(0x646f72616e646f6d)),
          c_(key ^ UINT64_C(0x6c7967656e657261)),
          d_(other_key ^ UINT64_C(0x7465646279746573)) {}

    void Add(std::uint64_t word) {
        d_ ^= word;
        Round();
        Round();
        a_ ^= word;
    }

    std::uint64_t Finish() {
        constexpr int kRounds = 4;
        c_ ^= 0xff;
        for (int round = 0; round < kRounds; ++round) {
            Round();
        }
        return a_ ^ b_ ^ c_ ^ d_;
    }

private:
    void Round() {
        a_ += b_;
        b_ = std::rotl(b_, 13) ^ a_;
        a_ = std::rotl(a_, 32);
        c_ += d_;
        d_ = std::rotl(d_, 16) ^ c_;
        a_ += d_;
        d_ = std::rotl(d_, 21) ^ a_;
        c_ += b_;
        b_ = std::rotl(b_, 17) ^ c_;
        c_ = std::rotl(c_, 32);
    }

    std::uint64_t a_;
    std::uint64_t b_;
    std::uint64_t c_;
    std::uint64_t d_;
};

std::uint64_t SipHash(std::string_view text, std::uint64_t key, std::uint64_t other_key) {
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    constexpr int kLengthShift = 56;
    SipState state(key, other_key);
    std::uint64_t last = static_cast<std::uint64_t>(text.size()) << kLengthShift;
    for (; text.size() >= kWord; text.remove_prefix(kWord)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), kWord);
        state.Add(word);
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        last |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[at])) << 8 * at;
    }
    state.Add(last);
    return state.Finish();
}

}  // namespace

KeyedHash::KeyedHash() : key_{} {
    if (getrandom(key_.data(), sizeof(key_), 0) != static_cast<ssize_t>(sizeof(key_))) {
        throw std::runtime_error("the system has no random numbers");
    }
}

Digest KeyedHash::Of(std::string_view text) const {
    return {SipHash(text, key_[0], key_[1]), SipHash(text, key_[2], key_[3])};
}

}  // namespace elile::exporter
