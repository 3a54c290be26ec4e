// What is saved of slow executions, and of N+1 patterns, which have texts too.
#pragma once

#include <cstdint>

#include "core/saved/bytes.hpp"
#include "core/saved/scratch.hpp"
#include "core/saved/text_copies.hpp"

namespace elile::core {

struct Segment;

// Each writes what stands in a place, and nothing where there is nothing to tell.
void WriteSlow(const Segment& segment, std::uint32_t place, TextScratch& texts,
               ByteWriter& out) noexcept;
void WriteLastSlow(const Segment& segment, ByteWriter& out) noexcept;
void WritePattern(const Segment& segment, std::uint32_t place, TextScratch& texts,
                  ByteWriter& out) noexcept;
void WriteLoops(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept;

// Each adds what was saved of a place when all of it was read, and tells afterwards by the reader
// whether it was. The last slow execution's number comes first, so that new ones get higher ones.
void RestoreLastSlow(Segment& segment, ByteReader& in) noexcept;
void RestoreSlow(Segment& segment, ByteReader& in, TextCopies& texts, TextCopies& details) noexcept;
void RestorePattern(Segment& segment, ByteReader& in, TextCopies& texts) noexcept;
void RestoreLoops(Segment& segment, ByteReader& in) noexcept;

}  // namespace elile::core
