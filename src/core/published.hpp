// A block of plain data that one process publishes and any other reads, also by a read-only
// mapping.
//
// A sequence lock (Boehm, MSPC 2012): the reader copies, and copies again when the writer came in
// between. A writer that dies in between leaves the sequence odd; the next one goes on from there.
#pragma once

#include <cstddef>
#include <cstring>

#include "core/atomics.hpp"

namespace elile::core {

class Published {
public:
    Published() = default;
    Published(HalfWord* sequence, Word* words, std::size_t bytes) noexcept
        : sequence_(sequence), words_(words), bytes_(bytes) {}

    static constexpr std::size_t WordsFor(std::size_t bytes) noexcept { return (bytes + 7) / 8; }
    std::size_t Bytes() const noexcept { return bytes_; }

    // `from` is Bytes() long. One writer at a time.
    void Write(const void* from) noexcept {
        const std::uint32_t writing = Get(*sequence_) | 1;
        Put(*sequence_, writing);
        std::atomic_thread_fence(std::memory_order_release);
        const auto* bytes = static_cast<const char*>(from);
        for (std::size_t at = 0; at < bytes_; at += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes + at, LengthAt(at));
            Put(words_[at / sizeof(word)], word);
        }
        sequence_->store(writing + 1, std::memory_order_release);
    }

    // `to` has room for Bytes(). False, with `to` in any state, when nothing was published yet or
    // each of several copies met the writer.
    bool Read(void* to) const noexcept {
        constexpr int kTries = 100;
        for (int left = kTries; left > 0; --left) {
            const std::uint32_t before = sequence_->load(std::memory_order_acquire);
            if (before == 0 || (before & 1) != 0) {
                continue;
            }
            auto* bytes = static_cast<char*>(to);
            for (std::size_t at = 0; at < bytes_; at += sizeof(std::uint64_t)) {
                const std::uint64_t word = Get(words_[at / sizeof(word)]);
                std::memcpy(bytes + at, &word, LengthAt(at));
            }
            std::atomic_thread_fence(std::memory_order_acquire);
            if (Get(*sequence_) == before) {
                return true;
            }
        }
        return false;
    }

private:
    std::size_t LengthAt(std::size_t at) const noexcept {
        return bytes_ - at < sizeof(std::uint64_t) ? bytes_ - at : sizeof(std::uint64_t);
    }

    HalfWord* sequence_ = nullptr;
    Word* words_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace elile::core
