#include <string>
#include <vector>

#include "core/n_plus_one/text_edit.hpp"
#include "fuzz/targets.hpp"

namespace elile::fuzz {
namespace {

// The same by other means: each edit alone, from the last one on.
std::string EditedOneByOne(std::string text, const std::vector<core::TextEdit>& edits) {
    for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
        text.replace(edit->begin, edit->end - edit->begin, edit->text);
    }
    return text;
}

}  // namespace

void TakeEdits(Input input) {
    constexpr std::size_t kMostEdits = 8;
    std::vector<core::TextEdit> edits(input.Below(kMostEdits + 1));
    std::size_t reached = 0;
    for (core::TextEdit& edit : edits) {
        // Mostly in order, for all else is refused at once.
        const auto begin = static_cast<std::size_t>(input.Number<std::int8_t>());
        edit.begin = reached + begin;
        edit.end = edit.begin + static_cast<std::size_t>(input.Number<std::int8_t>());
        reached = edit.end;
    }
    for (core::TextEdit& edit : edits) {
        edit.text = input.Part();
    }
    const std::string source(input.Rest());
    if (!core::AreInOrder(source, edits.data(), edits.size())) {
        return;
    }
    const std::string expected = EditedOneByOne(source, edits);
    const std::size_t length = core::EditedLength(source, edits.data(), edits.size());
    Require(length == expected.size(), "EditedLength() is the length of what ApplyEdits() writes");
    std::vector<char> edited(length);
    core::ApplyEdits(source, edits.data(), edits.size(), edited.data());
    Require(std::equal(edited.begin(), edited.end(), expected.begin(), expected.end()),
            "edits in order replace what they name and nothing else");
}

}  // namespace elile::fuzz
