#include "core/n_plus_one/text_edit.hpp"

#include <algorithm>

namespace elile::core {

bool AreInOrder(std::string_view source, const TextEdit* edits, std::size_t count) noexcept {
    std::size_t reached = 0;
    for (const TextEdit* edit = edits; edit != edits + count; ++edit) {
        if (edit->begin < reached || edit->end < edit->begin || edit->end > source.size()) {
            return false;
        }
        reached = edit->end;
    }
    return true;
}

std::size_t EditedLength(std::string_view source, const TextEdit* edits,
                         std::size_t count) noexcept {
    std::size_t length = source.size();
    for (const TextEdit* edit = edits; edit != edits + count; ++edit) {
        length = length - (edit->end - edit->begin) + edit->text.size();
    }
    return length;
}

void ApplyEdits(std::string_view source, const TextEdit* edits, std::size_t count,
                char* out) noexcept {
    const char* reached = source.data();
    for (const TextEdit* edit = edits; edit != edits + count; ++edit) {
        out = std::copy(reached, source.data() + edit->begin, out);
        out = std::copy(edit->text.begin(), edit->text.end(), out);
        reached = source.data() + edit->end;
    }
    std::copy(reached, source.data() + source.size(), out);
}

}  // namespace elile::core
