#include "core/shared/text_pool.hpp"

#include <algorithm>

#include "core/shared/words.hpp"

namespace elile::core {
namespace {

// A repair marks the later blocks of a kept chain with it, since these count no references.
constexpr std::uint32_t kKept = UINT32_MAX;

}  // namespace

void TextPool::Carve(Carver& carver, std::uint32_t blocks, std::uint32_t longest) noexcept {
    shared_ = carver.Take<Shared>();
    auto* links = carver.Take<HalfWord>(blocks);
    blocks_ = carver.Take<TextBlock>(blocks);
    size_ = blocks;
    longest_ = longest;
    free_ = IndexStack(shared_ != nullptr ? &shared_->free : nullptr, links);
}

std::uint32_t TextPool::Store(std::string_view text, std::uint32_t encoding) noexcept {
    const std::uint32_t id = TryStore(text.substr(0, longest_), encoding);
    Add(shared_->dropped, id == 0 ? 1 : 0);
    return id;
}

std::uint32_t TextPool::TryStore(std::string_view text, std::uint32_t encoding) noexcept {
    const std::size_t blocks =
        std::max<std::size_t>(1, (text.size() + kTextBlockBytes - 1) / kTextBlockBytes);
    // The chain is built from its end, so that each block's successor is known when it is written.
    std::uint32_t next = 0;
    for (std::size_t left = blocks; left-- > 0;) {
        const std::uint32_t index = free_.Pop();
        if (index == kNoIndex) {
            while (next != 0) {
                const std::uint32_t taken = next - 1;
                next = Get(blocks_[taken].next);
                free_.Push(taken);
            }
            return 0;
        }
        TextBlock& block = blocks_[index];
        const std::string_view part = text.substr(left * kTextBlockBytes, kTextBlockBytes);
        StoreWords(block.words.data(), part.data(), part.size());
        Put(block.next, next);
        Put(block.references, left == 0 ? 1 : 0);
        Put(block.length, static_cast<std::uint32_t>(text.size()));
        Put(block.encoding, encoding);
        next = index + 1;
    }
    return next;
}

void TextPool::AddReference(std::uint32_t id) noexcept {
    if (id != 0) {
        blocks_[id - 1].references.fetch_add(1, std::memory_order_relaxed);
    }
}

// Who gives up a reference releases its last look at the text. Who gives up the last one acquires
// the looks of all others, before the blocks are somebody else's.
void TextPool::Release(std::uint32_t id) noexcept {
    if (id == 0 || blocks_[id - 1].references.fetch_sub(1, std::memory_order_acq_rel) != 1) {
        return;
    }
    while (id != 0) {
        const std::uint32_t index = id - 1;
        id = Get(blocks_[index].next);
        free_.Push(index);
    }
}

std::uint32_t TextPool::LengthOf(std::uint32_t id) const noexcept {
    return id == 0 || id > size_ ? 0 : std::min(Get(blocks_[id - 1].length), longest_);
}

std::uint32_t TextPool::Read(std::uint32_t id, char* out, std::uint32_t room,
                             std::uint32_t* encoding) const noexcept {
    if (id == 0 || id > size_) {
        return 0;
    }
    const std::uint32_t length = std::min(LengthOf(id), room);
    *encoding = Get(blocks_[id - 1].encoding);
    std::uint32_t copied = 0;
    while (copied < length && id != 0 && id <= size_) {
        const TextBlock& block = blocks_[id - 1];
        const std::uint32_t part = std::min(length - copied, kTextBlockBytes);
        LoadWords(block.words.data(), out + copied, part);
        copied += part;
        id = Get(block.next);
    }
    return copied;
}

void TextPool::BeginRepair() noexcept {
    free_.Clear();
    for (std::uint32_t index = 0; index < size_; ++index) {
        Put(blocks_[index].references, 0);
    }
}

bool TextPool::Keep(std::uint32_t id) noexcept {
    if (id == 0) {
        return true;
    }
    if (id > size_ || Get(blocks_[id - 1].references) == kKept) {
        return false;
    }
    const std::uint32_t references = Get(blocks_[id - 1].references);
    Put(blocks_[id - 1].references, references + 1);
    if (references != 0) {
        return true;
    }
    const std::uint32_t length = LengthOf(id);
    std::uint32_t covered = kTextBlockBytes;
    std::uint32_t at = id;
    for (; covered < length; covered += kTextBlockBytes) {
        const std::uint32_t next = Get(blocks_[at - 1].next);
        if (next == 0 || next > size_ || Get(blocks_[next - 1].references) != 0) {
            break;
        }
        Put(blocks_[next - 1].references, kKept);
        at = next;
    }
    Put(blocks_[at - 1].next, 0);
    if (covered < length) {
        Put(blocks_[id - 1].length, covered);
    }
    return true;
}

void TextPool::EndRepair() noexcept {
    for (std::uint32_t index = size_; index-- > 0;) {
        const std::uint32_t references = Get(blocks_[index].references);
        if (references == 0) {
            free_.Push(index);
        } else if (references == kKept) {
            Put(blocks_[index].references, 0);
        }
    }
}

}  // namespace elile::core
