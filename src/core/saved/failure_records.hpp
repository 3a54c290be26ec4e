// What is saved of failures: their rows, and the series of each database.
#pragma once

#include <cstdint>

#include "core/saved/bytes.hpp"

namespace elile::core {

struct Segment;

// Each writes what stands in a place, and nothing where there is nothing to tell.
void WriteFailure(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept;
void WriteErrors(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept;

// Each adds what was saved of a place when all of it was read, and tells afterwards by the reader
// whether it was. With `goes_on` exported series go on where they were. Else they do not show what
// is added.
void RestoreFailure(Segment& segment, ByteReader& in) noexcept;
void RestoreErrors(Segment& segment, ByteReader& in, bool goes_on) noexcept;

}  // namespace elile::core
