// Edits replace pieces of a text at places that are known: nothing is searched for.
#pragma once

#include <cstddef>
#include <string_view>

namespace elile::core {

// The bytes in [begin, end) become `text`. It is an insertion where both are the same.
struct TextEdit {
    std::size_t begin;
    std::size_t end;
    std::string_view text;
};

// Tells whether each edit lies in the source and begins no earlier than the one before it ends.
bool AreInOrder(std::string_view source, const TextEdit* edits, std::size_t count) noexcept;

// Returns bytes, for edits that are in order.
std::size_t EditedLength(std::string_view source, const TextEdit* edits,
                         std::size_t count) noexcept;

// Writes EditedLength() bytes to `out`.
void ApplyEdits(std::string_view source, const TextEdit* edits, std::size_t count,
                char* out) noexcept;

}  // namespace elile::core
