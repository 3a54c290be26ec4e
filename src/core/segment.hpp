// The statistics segment is one block of shared memory, in which each feature has its part.
//
// Its sizes are fixed when the server starts. Every process that maps it derives the same places
// from the sizes in its header. So each may map it at an address of its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/indexes/board.hpp"
#include "core/n_plus_one/table.hpp"
#include "core/pools/ended_sessions.hpp"
#include "core/pools/refusals.hpp"
#include "core/pools/reports.hpp"
#include "core/shared/part.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/snapshot/parts.hpp"
#include "core/statements/overhead.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/table.hpp"

namespace elile::core {

struct alignas(kCacheLine) SegmentHeader {
    std::uint64_t magic;
    SegmentSizes sizes;
    HalfWord generation;  // raised by the postmaster at each restart after a crash
    HalfWord repaired;    // the generation that the keeper has mended the segment for
    Word stats_since_us;  // microseconds since 2000-01-01 UTC; start or last reset()
    Word keeper_seen_ns;  // of the monotonic clock: the keeper's last sign of life, or the start
    Word repaired_slots;  // what was found half-written after a crash; the keeper

    // Returns false between a crash and the end of the keeper's repair.
    bool IsReady() const noexcept { return Get(generation) == Get(repaired); }
};

// A process sees the segment as its header, and each part under its name in core/parts.inc.
struct Segment {
    SegmentHeader* header = nullptr;
#define PART(type, name, ...) type name;
#include "core/parts.inc"
#undef PART

    static std::size_t BytesFor(const SegmentSizes& sizes) noexcept;
    // `memory` must be zeroed, aligned to a cache line and BytesFor(sizes) long.
    static Segment Format(void* memory, const SegmentSizes& sizes) noexcept;
    // Tells whether a program of the same version and layout has formatted the memory, and all of
    // it is there.
    static bool IsSound(const void* memory, std::size_t bytes) noexcept;
    // The memory must be sound.
    static Segment Attach(void* memory) noexcept;

    Gate& StoreGate() const noexcept { return statements.shared->gate; }

    // Forgets what the scope picks. Returns false, having done nothing, while the gate is taken.
    bool TryReset(const ResetScope& scope, std::uint64_t now_us) noexcept;

    // Mends what a crash left. Only the keeper calls it, before it sets `repaired` to `generation`.
    void Repair() noexcept;

private:
    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept;
    static std::uint64_t Identity() noexcept;
    template <typename Visit>
    void ForEachPart(Visit visit) noexcept;
};

}  // namespace elile::core
