// A walk over the segment writes what is saved of it, place by place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/saved/records.hpp"
#include "core/saved/scratch.hpp"
#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"

namespace elile::core {

class SaveWalk {
public:
    // Room for all texts of one statement.
    static constexpr std::size_t kScratchBytes =
        kMaxTextBytes + std::size_t{kPlansKept} * kMaxDetailBytes;
    // No record takes more: texts, or figures at ten bytes each.
    static constexpr std::size_t kMostRecordBytes =
        kScratchBytes + std::size_t{10} * (kOctaves + 1) * (kBucketsPerOctave + 8);

    // `scratch` has kScratchBytes. Origins of series are the keeper's, so they are written only in
    // the last save, when it has ended.
    SaveWalk(Segment& segment, std::span<char> scratch, bool is_last) noexcept
        : segment_(segment), texts_(scratch), is_last_(is_last) {}

    // All places of all kinds have numbers below this one, which depends on the sizes alone.
    static std::size_t Places(const Segment& segment) noexcept;

    struct Place {
        std::size_t number;
        RecordKind kind;
        std::uint32_t place;  // of its kind
    };
    // Writes what stands in the next place; nothing where there is nothing to tell. Returns false
    // behind the last place. From the first call to the last one the caller holds the gate's shared
    // side, so that no execution moves from a place that was written to one that was not.
    bool Next(Place* place, ByteWriter& out) noexcept;

private:
    struct Source;
    static const std::array<Source, 17> kSources;

    void WriteServer(ByteWriter& out) noexcept;
    void WriteStatement(std::uint32_t slot, ByteWriter& out) noexcept;
    void WriteTexts(std::uint32_t slot, ByteWriter& out) noexcept;
    void WriteLeftover(std::uint32_t place, ByteWriter& out) noexcept;
    void WriteOrigin(std::uint32_t place, ByteWriter& out) noexcept;

    Segment& segment_;
    TextScratch texts_;
    bool is_last_;
    std::size_t source_ = 0;
    std::uint32_t place_ = 0;
    std::size_t number_ = 0;
    SavedStatement statement_;
    SavedLeftover leftover_;
};

}  // namespace elile::core
