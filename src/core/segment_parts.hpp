// An OwnSegment has the parts themselves. Only who makes or maps a segment includes this header,
// for it has those of all parts.
#pragma once

#include "core/failures/table.hpp"
#include "core/indexes/board.hpp"
#include "core/n_plus_one/table.hpp"
#include "core/pools/ended_sessions.hpp"
#include "core/pools/refusals.hpp"
#include "core/pools/reports.hpp"
#include "core/saved/state.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/snapshot/parts.hpp"
#include "core/statements/overhead.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/table.hpp"
#include "core/statements/utility_ids.hpp"

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

// A base is made before the segment that refers to what is in it.
struct HeldParts {
    SegmentParts held_parts;
};

// A process's own view of the segment, with the parts in it. It cannot be copied or moved, for its
// references lead into itself. The memory that it shows is the maker's, and must outlive it.
class OwnSegment : private HeldParts, public Segment {
public:
    constexpr OwnSegment() noexcept : Segment(held_parts) {}
    // The memory must be sound.
    explicit OwnSegment(void* memory) noexcept : OwnSegment() { Attach(memory); }
};

}  // namespace elile::core
