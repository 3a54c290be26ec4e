// A part of the statistics segment is what one feature keeps in shared memory.
//
// A part lays out its own share, prepares it, repairs it after a crash and forgets what a reset
// picks. core/parts.inc lists all parts; the segment only visits them. A part is a process's own
// value, which points into the shared memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/shared/atomics.hpp"
#include "core/shared/hash.hpp"

namespace elile::core {

// The sizes are fixed when the server starts.
struct SegmentSizes {
    std::uint32_t statements;     // entries before one is evicted; sessions that insert at
                                  // the same moment may exceed it by one each
    std::uint32_t tables;         // tables before kOtherTables takes the rest
    std::uint32_t slow_ring;      // records
    std::uint32_t text_blocks;    // of kTextBlockBytes, for statements
    std::uint32_t detail_blocks;  // of kTextBlockBytes, for plans and parameters
    std::uint32_t backends;       // processes that may add, each with a number below this
    std::uint32_t series_tables;  // tables that may have series of their own in a snapshot
};

// Hands out the segment's memory in order, each piece at a cache line. With a null base it only
// measures.
class Carver {
public:
    explicit Carver(char* base) noexcept : base_(base) {}

    template <typename T>
    T* Take(std::size_t count = 1) noexcept {
        offset_ = (offset_ + kCacheLine - 1) / kCacheLine * kCacheLine;
        const std::size_t at = offset_;
        offset_ += count * sizeof(T);
        layout_ = Mix(Mix(layout_ ^ sizeof(T)) ^ count);
        return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at);
    }
    std::size_t Bytes() const noexcept { return offset_; }
    // The number differs when other sizes were taken, or the same ones in another order.
    std::uint64_t Layout() const noexcept { return layout_; }

private:
    char* base_;
    std::size_t offset_ = 0;
    std::uint64_t layout_ = 0;
};

// The scope says what a reset picks; 0 stands for all.
struct ResetScope {
    std::uint32_t userid;
    std::uint32_t dbid;
    std::uint64_t queryid;

    bool Picks(std::uint32_t user, std::uint32_t database, std::uint64_t query) const noexcept {
        return (userid == 0 || userid == user) && PicksDatabase(database) &&
               (queryid == 0 || queryid == query);
    }
    bool PicksDatabase(std::uint32_t database) const noexcept {
        return dbid == 0 || dbid == database;
    }
    // Tells whether those sums go too that know neither user nor statement.
    bool ClearsSums() const noexcept { return userid == 0 && queryid == 0; }
    bool IsAll() const noexcept { return ClearsSums() && dbid == 0; }
};

// A part hides those of these functions for which it has something to do. It also has Carve(carver,
// sizes, the parts that it stands on), which works with a null base too.
//
// A repair has three steps, in each of which all parts have their turn; nobody else uses the
// segment meanwhile.
struct Part {
    // The memory is zeroed.
    void Format() noexcept {}
    // Forgets all references to what this part owns.
    void BeginRepair() noexcept {}
    // Mends what the part holds, and tells the owners what it refers to. Returns how much was
    // mended.
    std::uint64_t Repair() noexcept { return 0; }
    // Frees what nobody has said that it refers to.
    void EndRepair() noexcept {}
    // The caller holds the gate's exclusive side. Those who do not heed the gate go on meanwhile.
    void Forget(const ResetScope&) noexcept {}
};

}  // namespace elile::core
