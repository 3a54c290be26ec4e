// Which processes have read and written each word, over all orders of one scenario.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace elile::explore {

class Accesses {
public:
    // Notes the access and returns whether the word is shared: several processes use it, and one of
    // them writes.
    bool Note(const void* address, std::size_t process, bool writes) {
        Word& word = Find(reinterpret_cast<std::uintptr_t>(address));
        const auto bit = static_cast<std::uint8_t>(1U << process);
        word.users |= bit;
        word.writers |= writes ? bit : 0;
        if (!word.is_shared && word.writers != 0 && (word.users & (word.users - 1)) != 0) {
            word.is_shared = true;
            ++shared_;
        }
        return word.is_shared;
    }
    // A word that nobody has used yet may be.
    bool MayBeShared(const void* address) {
        const Word& word = Look(reinterpret_cast<std::uintptr_t>(address));
        return word.address == 0 || word.is_shared;
    }
    std::uint64_t Shared() const { return shared_; }

private:
    struct Word {
        std::uintptr_t address = 0;  // 0 free
        std::uint8_t users = 0;      // a bit for each process
        std::uint8_t writers = 0;
        bool is_shared = false;
    };

    Word& Find(std::uintptr_t address) {
        Word* word = &Look(address);
        if (word->address == 0) {
            if (++used_ * 2 > words_.size()) {
                Grow();
                word = &Look(address);
            }
            word->address = address;
        }
        return *word;
    }
    Word& Look(std::uintptr_t address) {
        std::size_t at = (address >> 2) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
        while (words_[at & (words_.size() - 1)].address != 0 &&
               words_[at & (words_.size() - 1)].address != address) {
            ++at;
        }
        return words_[at & (words_.size() - 1)];
    }
    void Grow() {
        std::vector<Word> old(words_.size() * 2);
        old.swap(words_);
        for (const Word& word : old) {
            if (word.address != 0) {
                Look(word.address) = word;
            }
        }
    }

    std::vector<Word> words_ = std::vector<Word>(1024);
    std::size_t used_ = 0;
    std::uint64_t shared_ = 0;
};

}  // namespace elile::explore
