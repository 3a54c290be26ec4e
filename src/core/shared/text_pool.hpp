// Texts in chains of fixed blocks, each stored once and counted by who refers to it.
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

// In shared memory. length, encoding and references matter in a chain's first block only.
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
    // In shared memory.
    struct Shared {
        IndexStackHead free;
        Word dropped;  // texts for which there was no room; any process
        Word cut;      // texts kept in part; any process
    };

    // Room for `blocks`; a text has at most `longest` bytes.
    void Carve(Carver& carver, std::uint32_t blocks, std::uint32_t longest) noexcept;

    // The text's id with one reference, or 0 when the pool is full, which is counted. What is
    // longer than the pool's longest text is cut.
    std::uint32_t Store(std::string_view text, std::uint32_t encoding) noexcept;
    void AddReference(std::uint32_t id) noexcept;
    void Release(std::uint32_t id) noexcept;

    // In bytes; 0 for none. Of a block that is being reused it may change from one look to the
    // next.
    std::uint32_t LengthOf(std::uint32_t id) const noexcept;
    // Copies at most `room` bytes of the text to `out` and returns how many.
    std::uint32_t Read(std::uint32_t id, char* out, std::uint32_t room,
                       std::uint32_t* encoding) const noexcept;

    std::uint32_t Size() const noexcept { return size_; }
    std::uint32_t FreeBlocks() const noexcept { return free_.Count(); }
    std::uint64_t Dropped() const noexcept { return Get(shared_->dropped); }
    std::uint64_t Cut() const noexcept { return Get(shared_->cut); }
    // The caller has cut a text before it stored it.
    void NoteCut() noexcept { Add(shared_->cut, 1); }

    void Format() noexcept {
        BeginRepair();
        EndRepair();
    }
    void BeginRepair() noexcept;
    // During a repair, for each text that is still referred to. False: its chain is broken.
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

// Of statements, normalised.
struct StatementTexts : TextPool {
    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept {
        TextPool::Carve(carver, sizes.text_blocks, kMaxTextBytes);
    }
};

// Of plans and parameters.
struct DetailTexts : TextPool {
    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept {
        TextPool::Carve(carver, sizes.detail_blocks, kMaxDetailBytes);
    }
};

}  // namespace elile::core
