// Texts that several records have become one text again, as they were before they were saved.
#pragma once

#include <array>
#include <cstdint>

#include "core/saved/bytes.hpp"
#include "core/saved/checksum.hpp"
#include "core/shared/text_pool.hpp"

namespace elile::core {

struct SavedText {
    std::uint32_t encoding = 0;
    std::string_view text;  // empty: none was kept
};

inline void WriteText(ByteWriter& out, const SavedText& text) noexcept {
    out.Number(text.encoding);
    out.Text(text.text);
}

inline SavedText ReadText(ByteReader& in) noexcept {
    const std::uint32_t encoding = in.NumberUpTo(UINT32_MAX);
    return {encoding, in.Text()};
}

// It keeps a reference to each text that it knows, until it goes.
class TextCopies {
public:
    explicit TextCopies(TextPool& pool) noexcept : pool_(pool) {}
    TextCopies(const TextCopies&) = delete;
    TextCopies& operator=(const TextCopies&) = delete;
    ~TextCopies() {
        for (const Known& known : known_) {
            pool_.Release(known.id);
        }
    }

    // Returns the text's id with a reference for the caller; 0 for no text, or without room.
    std::uint32_t Take(const SavedText& text) noexcept {
        if (text.text.empty()) {
            return 0;
        }
        const std::uint64_t checksum = ChecksumOf(text.text) ^ text.encoding;
        Known& known = known_[checksum % known_.size()];
        if (known.id == 0 || known.checksum != checksum) {
            const std::uint32_t id = pool_.Store(text.text, text.encoding);
            pool_.Release(known.id);
            known = {checksum, id};
        }
        pool_.AddReference(known.id);
        return known.id;
    }

private:
    struct Known {
        std::uint64_t checksum = 0;
        std::uint32_t id = 0;
    };
    TextPool& pool_;
    std::array<Known, 1024> known_{};
};

}  // namespace elile::core
