// A block of plain data that one process publishes and any other reads, also by a read-only
// mapping.
//
// A sequence lock (Boehm, MSPC 2012) over two copies: while one is written the other one is whole,
// so a writer that is slow, stopped or dead keeps nobody from reading. An even sequence names the
// copy that was written last, an odd one says that the other copy is being written.
#pragma once

#include <cstddef>
#include <cstring>

#include "core/shared/part.hpp"

namespace elile::core {

class Published : public Part {
public:
    // Room for `bytes` in each of the two copies.
    void Carve(Carver& carver, std::size_t bytes) noexcept {
        sequence_ = carver.Take<HalfWord>();
        words_ = carver.Take<Word>(kCopies * WordsFor(bytes));
        bytes_ = bytes;
    }

    std::size_t Bytes() const noexcept { return bytes_; }

    // `from` is Bytes() long. One writer at a time.
    void Write(const void* from) noexcept {
        const std::uint32_t writing = Get(*sequence_) | 1;
        Put(*sequence_, writing);
        std::atomic_thread_fence(std::memory_order_release);
        Word* words = CopyOf(writing + 1);
        const auto* bytes = static_cast<const char*>(from);
        for (std::size_t at = 0; at < bytes_; at += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes + at, LengthAt(at));
            Put(words[at / sizeof(word)], word);
        }
        sequence_->store(writing + 1, std::memory_order_release);
    }

    // `to` has room for Bytes(). False, with `to` in any state, when nothing was published yet. So
    // it is when the writer came twice during each of a hundred readings.
    bool Read(void* to) const noexcept {
        constexpr int kTries = 100;
        for (int left = kTries; left > 0; --left) {
            const std::uint32_t whole = sequence_->load(std::memory_order_acquire) & ~1U;
            if (whole == 0) {
                return false;
            }
            const Word* words = CopyOf(whole);
            auto* bytes = static_cast<char*>(to);
            for (std::size_t at = 0; at < bytes_; at += sizeof(std::uint64_t)) {
                const std::uint64_t word = Get(words[at / sizeof(word)]);
                std::memcpy(bytes + at, &word, LengthAt(at));
            }
            std::atomic_thread_fence(std::memory_order_acquire);
            // From the third step on the copy that was read is being written again.
            if (Get(*sequence_) - whole <= 2) {
                return true;
            }
        }
        return false;
    }

private:
    static constexpr std::size_t kCopies = 2;
    static constexpr std::size_t WordsFor(std::size_t bytes) noexcept { return (bytes + 7) / 8; }

    // `whole` is even.
    Word* CopyOf(std::uint32_t whole) const noexcept {
        return words_ + (whole / 2 % kCopies) * WordsFor(bytes_);
    }

    std::size_t LengthAt(std::size_t at) const noexcept {
        return bytes_ - at < sizeof(std::uint64_t) ? bytes_ - at : sizeof(std::uint64_t);
    }

    HalfWord* sequence_ = nullptr;
    Word* words_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace elile::core
