// A record's texts are copied to scratch memory before they are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/saved/text_copies.hpp"
#include "core/shared/text_pool.hpp"

namespace elile::core {

class TextScratch {
public:
    explicit TextScratch(std::span<char> room) noexcept : room_(room) {}

    // The copies made before are good no longer.
    void Clear() noexcept { used_ = 0; }
    // Copies the text as far as there is room.
    SavedText Copy(const TextPool& pool, std::uint32_t id) noexcept {
        SavedText text;
        char* to = room_.data() + used_;
        const std::size_t left = room_.size() - used_;
        const std::uint32_t length =
            pool.Read(id, to, static_cast<std::uint32_t>(left), &text.encoding);
        text.text = {to, length};
        used_ += length;
        return text;
    }

private:
    std::span<char> room_;
    std::size_t used_ = 0;
};

}  // namespace elile::core
