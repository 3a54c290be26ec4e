// One process publishes a block of plain data, which any other reads, even through a read-only
// mapping.
//
// A sequence lock guards two copies. While one is written the other one is whole, so a writer that
// is slow, stopped or dead keeps nobody from reading.
#pragma once

#include <cstddef>

#include "core/shared/part.hpp"
#include "core/shared/sequence_lock.hpp"
#include "core/shared/words.hpp"

namespace elile::core {

class Published : public Part {
public:
    using Sequence = SequenceLock<std::uint32_t>;

    // Each of the two copies has room for `bytes`.
    void Carve(Carver& carver, std::size_t bytes) noexcept {
        sequence_ = carver.Take<Sequence>();
        words_ = carver.Take<Word>(Sequence::kCopies * WordsFor(bytes));
        bytes_ = bytes;
    }

    // There is one writer at a time. It may publish less than there is room for, where the
    // beginning tells readers how much that is.
    void Write(const void* from, std::size_t bytes) noexcept {
        const std::uint32_t whole = sequence_->Begin();
        StoreWords(Copy(Sequence::CopyOf(whole)), from, bytes);
        sequence_->End(whole);
    }
    void Write(const void* from) noexcept { Write(from, bytes_); }

    // Calls `copy(words)` until what it read was whole. Returns false, and has not called it, only
    // when nothing was published yet. A writer pauses for longer than a copy takes.
    template <typename Load>
    bool ReadWords(Load copy) const noexcept {
        constexpr std::uint32_t kFirstWhole = 2;
        if (sequence_->Seen() < kFirstWhole) {
            return false;
        }
        sequence_->ReadCopy([&](std::size_t which) { copy(Copy(which)); });
        return true;
    }
    // `to` has room for so many bytes, which are the first ones.
    bool Read(void* to, std::size_t bytes) const noexcept {
        return ReadWords([&](const Word* words) { LoadWords(words, to, bytes); });
    }
    bool Read(void* to) const noexcept { return Read(to, bytes_); }

private:
    Word* Copy(std::size_t which) const noexcept { return words_ + which * WordsFor(bytes_); }

    Sequence* sequence_ = nullptr;
    Word* words_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace elile::core
