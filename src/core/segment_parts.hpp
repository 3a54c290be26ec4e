// The parts themselves, for who makes a segment or maps one. Who uses a segment includes
// core/segment.hpp and the headers of the parts that it uses: this header has all of them.
#pragma once

#include "core/indexes/board.hpp"
#include "core/n_plus_one/table.hpp"
#include "core/pools/ended_sessions.hpp"
#include "core/pools/refusals.hpp"
#include "core/pools/reports.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/snapshot/parts.hpp"
#include "core/statements/overhead.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/table.hpp"

namespace elile::core {

struct SegmentParts {
#define PART(type, name, ...) type name;
#include "core/parts.inc"
#undef PART
};

constexpr Segment::Segment(SegmentParts& parts) noexcept
    :
#define PART(type, name, ...) name(parts.name),
#include "core/parts.inc"
#undef PART
      header(nullptr) {
}

// The parts are made before the segment that refers to them, and by a name that hides none of its.
struct HeldParts {
    SegmentParts held_parts;
};

// A process's own view of the segment, with the parts in it. It stays where it was made, for the
// references lead into it. It owns no memory but itself.
class OwnSegment : private HeldParts, public Segment {
public:
    constexpr OwnSegment() noexcept : Segment(held_parts) {}
    // The memory must be sound.
    explicit OwnSegment(void* memory) noexcept : OwnSegment() { Attach(memory); }
};

}  // namespace elile::core
