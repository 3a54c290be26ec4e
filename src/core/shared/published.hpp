// One process publishes a block of plain data, which any other reads, even through a read-only
// mapping.
//
// A sequence lock guards two copies. While one is written the other one is whole, so a writer that
// is slow, stopped or dead keeps nobody from reading. An even sequence names the copy that was
// written last, an odd one says that the other copy is being written.
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
        words_ = carver.Take<Word>(kCopies * WordsFor(bytes));
        bytes_ = bytes;
    }

    std::size_t Bytes() const noexcept { return bytes_; }

    // `from` is Bytes() long. There is one writer at a time.
    void Write(const void* from) noexcept {
        const std::uint32_t whole = sequence_->Begin();
        StoreWords(CopyOf(whole), from, bytes_);
        sequence_->End(whole);
    }

    // `to` has room for Bytes(). Returns false, with `to` in any state, when nothing was published
    // yet. It does so too when the writer came twice during each of a hundred readings.
    bool Read(void* to) const noexcept {
        constexpr int kTries = 100;
        for (int left = kTries; left > 0; --left) {
            const std::uint32_t whole = sequence_->Seen() & ~1U;
            if (whole == 0) {
                return false;
            }
            LoadWords(CopyOf(whole), to, bytes_);
            // From the third step on the copy that was read is being written again.
            if (sequence_->IsStill(whole, 2)) {
                return true;
            }
        }
        return false;
    }

private:
    static constexpr std::size_t kCopies = 2;

    // `whole` is even.
    Word* CopyOf(std::uint32_t whole) const noexcept {
        return words_ + (whole / 2 % kCopies) * WordsFor(bytes_);
    }

    Sequence* sequence_ = nullptr;
    Word* words_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace elile::core
