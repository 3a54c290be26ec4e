// The statistics segment is one block of shared memory, in which each feature has its part.
//
// Its sizes are fixed when the server starts. Every process that maps it derives the same places
// from the sizes in its header. So each may map it at an address of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/shared/part.hpp"

namespace elile::core {

class Gate;
#define PART(type, name, ...) class type;
#include "core/parts.inc"
#undef PART
struct SegmentParts;

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

// A process sees the segment as its header, and each part under its name in core/parts.inc. Who
// uses a part includes that part's header. An OwnSegment (core/segment_parts.hpp) has the parts
// themselves. A part is not const where its segment is: its own functions say who may write.
struct Segment {
#define PART(type, name, ...) type& name;
#include "core/parts.inc"
#undef PART
    SegmentHeader* header;  // null until Attach()

    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    static std::size_t BytesFor(const SegmentSizes& sizes) noexcept;
    // `memory` must be zeroed, aligned to a cache line and BytesFor(sizes) long.
    static void Format(void* memory, const SegmentSizes& sizes) noexcept;
    // Tells whether a program of the same version and layout has formatted the memory, and all of
    // it is there.
    static bool IsSound(const void* memory, std::size_t bytes) noexcept;
    // Makes this the view of the memory, which must be sound.
    void Attach(void* memory) noexcept;

    Gate& StoreGate() const noexcept;

    // Forgets what the scope picks. Returns false, having done nothing, while the gate is taken and
    // while what was saved is being restored.
    bool TryReset(const ResetScope& scope, std::uint64_t now_us) noexcept;

    // Frees the places of tables that are gone, to which these refer, and counts what they left for
    // their database's tables that are gone. Returns false, having done nothing, while the gate is
    // taken.
    bool TryFreeTables(std::span<const std::uint32_t> gone) noexcept;

    // Mends what a crash left. Only the keeper calls it, before it sets `repaired` to `generation`.
    void Repair() noexcept;

protected:
    constexpr explicit Segment(SegmentParts& parts) noexcept;

private:
    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept;
    static std::uint64_t Identity() noexcept;
    template <typename Visit>
    void ForEachPart(Visit visit) noexcept;
};

}  // namespace elile::core
