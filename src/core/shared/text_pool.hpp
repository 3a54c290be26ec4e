// Texts lie in chains of fixed blocks. Each is stored once, and counts who refers to it.
//
// A statement's entry and the kept slow executions share one copy. A text is written before its id
// is published and constant until its last reference goes. Readers of the slow ring may look at
// blocks that are being reused; they copy words and throw the copy away when the record changed.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/shared/atomics.hpp"
#include "core/shared/index_stack.hpp"
#include "core/shared/part.hpp"

namespace elile::core {

inline constexpr std::uint32_t kTextBlockBytes = 240;
inline constexpr std::uint32_t kMaxTextBytes = 16384;       // of a statement
inline constexpr std::uint32_t kMaxDetailBytes = 1U << 20;  // of a plan or of parameters

// It lies in shared memory. length, encoding and references matter in a chain's first block only.
struct alignas(kCacheLine) TextBlock {
    HalfWord next;  // index + 1; 0 ends the chain
    HalfWord references;
    HalfWord length;    // bytes
    HalfWord encoding;  // the server's number of the text's encoding
    std::array<Word, kTextBlockBytes / 8> words;
};
static_assert(sizeof(TextBlock) == 256);

class TextPool : public Part {
public:
    // It lies in shared memory.
    struct Shared {
        IndexStackHead free;
        Word dropped;  // texts for which there was no room; any process
        Word cut;      // texts kept in part; any process
    };

    // The pool has room for `blocks`; a text has at most `longest` bytes.
    void Carve(Carver& carver, std::uint32_t blocks, std::uint32_t longest) noexcept;

    // Returns the text's id with one reference, or 0 when the pool is full, which is counted. A
    // text that is longer than the pool's longest is cut.
    std::uint32_t Store(std::string_view text, std::uint32_t encoding) noexcept;
    void AddReference(std::uint32_t id) noexcept;
    void Release(std::uint32_t id) noexcept;

    // Returns bytes, 0 for no text. While a block is being reused, two looks at it may differ.
    std::uint32_t LengthOf(std::uint32_t id) const noexcept;
    // Copies at most `room` bytes of the text to `out` and returns how many.
    std::uint32_t Read(std::uint32_t id, char* out, std::uint32_t room,
                       std::uint32_t* encoding) const noexcept;

    std::uint32_t Size() const noexcept { return size_; }
    std::uint32_t FreeBlocks() const noexcept { return free_.Count(); }
    std::uint64_t Dropped() const noexcept { return Get(shared_->dropped); }
    std::uint64_t Cut() const noexcept { return Get(shared_->cut); }
    // Counts a text that the caller has cut before it stored it.
    void NoteCut() noexcept { Add(shared_->cut, 1); }

    void Format() noexcept {
        BeginRepair();
        EndRepair();
    }
    void BeginRepair() noexcept;
    // A repair calls it for each text that is still referred to. Returns false when the chain is
    // broken.
    bool Keep(std::uint32_t id) noexcept;
    void EndRepair() noexcept;

private:
    std::uint32_t TryStore(std::string_view text, std::uint32_t encoding) noexcept;

    Shared* shared_ = nullptr;
    IndexStack free_;
    TextBlock* blocks_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t longest_ = 0;  // bytes
};

// This pool has the texts of statements, normalised.
class StatementTexts : public TextPool {
public:
    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept {
        TextPool::Carve(carver, sizes.text_blocks, kMaxTextBytes);
    }
};

// This pool has the texts of plans and parameters.
class DetailTexts : public TextPool {
public:
    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept {
        TextPool::Carve(carver, sizes.detail_blocks, kMaxDetailBytes);
    }
};

}  // namespace elile::core
