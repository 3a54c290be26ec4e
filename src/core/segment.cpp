#include "core/segment.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "core/segment_parts.hpp"
#include "core/version.hpp"

namespace elile::core {
namespace {

// Each of what a size counts takes a cache line or more. Sizes that pass keep BytesFor() within its
// numbers, so that it may be asked about sizes that were found somewhere.
bool MayBeSizes(const SegmentSizes& sizes, std::size_t bytes) noexcept {
    constexpr std::size_t kSizes = sizeof(SegmentSizes) / sizeof(std::uint32_t);
    const auto counts = std::bit_cast<std::array<std::uint32_t, kSizes>>(sizes);
    return *std::max_element(counts.begin(), counts.end()) <= bytes / kCacheLine;
}

}  // namespace

void Segment::Carve(Carver& carver, const SegmentSizes& sizes) noexcept {
    header = carver.Take<SegmentHeader>();
#define PART(type, name, ...) name.Carve(carver, sizes __VA_OPT__(, ) __VA_ARGS__);
#include "core/parts.inc"
#undef PART
}

template <typename Visit>
void Segment::ForEachPart(Visit visit) noexcept {
#define PART(type, name, ...) visit(name);
#include "core/parts.inc"
#undef PART
}

std::size_t Segment::BytesFor(const SegmentSizes& sizes) noexcept {
    Carver carver(nullptr);
    OwnSegment().Carve(carver, sizes);
    return carver.Bytes();
}

// The identity hashes the version and the layout. No two counts are alike, so a change of any
// piece's size, count or place changes it. Where a piece keeps its size but changes its meaning,
// kFirst must change.
std::uint64_t Segment::Identity() noexcept {
    constexpr std::uint64_t kFirst = UINT64_C(0x656c696c65000007);
    constexpr SegmentSizes kCounts{1009, 211, 307, 4001, 2003, 101, 53};
    Carver carver(nullptr);
    OwnSegment().Carve(carver, kCounts);
    std::uint64_t identity = kFirst ^ carver.Layout();
    for (const char* at = kVersion; *at != '\0'; ++at) {
        identity = Mix(identity ^ static_cast<unsigned char>(*at));
    }
    return identity;
}

void Segment::Format(void* memory, const SegmentSizes& sizes) noexcept {
    Carver carver(static_cast<char*>(memory));
    OwnSegment segment;
    segment.Carve(carver, sizes);
    segment.header->magic = Identity();
    segment.header->sizes = sizes;
    Put(segment.header->generation, 1);
    Put(segment.header->repaired, 1);
    segment.ForEachPart([](auto& part) { part.Format(); });
}

bool Segment::IsSound(const void* memory, std::size_t bytes) noexcept {
    const auto* header = static_cast<const SegmentHeader*>(memory);
    return bytes >= sizeof(SegmentHeader) && header->magic == Identity() &&
           MayBeSizes(header->sizes, bytes) && bytes >= BytesFor(header->sizes);
}

void Segment::Attach(void* memory) noexcept {
    Carver carver(static_cast<char*>(memory));
    Carve(carver, static_cast<SegmentHeader*>(memory)->sizes);
}

Gate& Segment::StoreGate() const noexcept { return statements.shared->gate; }

bool Segment::TryReset(const ResetScope& scope, std::uint64_t now_us) noexcept {
    Gate& gate = StoreGate();
    if (save_state.IsRestoring()) {
        return false;  // what is added after it would stay
    }
    if (!(scope.ClearsSums() ? gate.TryClearing() : gate.TryExclusive())) {
        return false;
    }
    ForEachPart([&scope](auto& part) { part.Forget(scope); });
    if (scope.IsAll()) {
        Put(header->stats_since_us, now_us);
    }
    gate.LeaveExclusive();
    return true;
}

bool Segment::TryFreeTables(std::span<const std::uint32_t> gone) noexcept {
    TableNames names = {};
    CopyName(names.table, kDroppedTables);
    for (const std::uint32_t table : gone) {
        tables.InsertReserved(TableDirectory::DroppedIn(tables.KeyOf(table).dbid), names, 0);
    }
    Gate& gate = StoreGate();
    if (!gate.TryClearing()) {
        return false;
    }
    for (const std::uint32_t table : gone) {
        const std::uint32_t index = TableDirectory::IndexOf(table);
        const std::uint32_t dbid = tables.KeyOf(table).dbid;
        if (tables.Retire(table)) {
            statements.MoveLeftovers(index, dbid);
            n_plus_one.ForgetLoopsOf(index);
            tables.Recycle(index);
        }
    }
    statements.RetireDropped();
    gate.LeaveExclusive();
    return true;
}

void Segment::Repair() noexcept {
    StoreGate().KeepClosed();
    std::uint64_t mended = 0;
    ForEachPart([](auto& part) { part.BeginRepair(); });
    ForEachPart([&mended](auto& part) { mended += part.Repair(); });
    ForEachPart([](auto& part) { part.EndRepair(); });
    Add(header->repaired_slots, mended);
    StoreGate().LeaveExclusive();
}

}  // namespace elile::core
