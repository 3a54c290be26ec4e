// Applications report figures of their own connection pools, by (database, application_name).
//
// A report is found by a hash of its key, which stands for the key. That two of a few hundred have
// one hash is as unlikely as that memory fails. A sequence lock guards the name with its figures,
// since another pool may take the place of one that no longer reports.
#pragma once

#include <array>
#include <cstdint>

#include "core/shared/atomics.hpp"
#include "core/shared/names.hpp"
#include "core/shared/part.hpp"
#include "core/shared/sequence_lock.hpp"

namespace elile::core {

inline constexpr std::uint32_t kPoolReports = 256;
inline constexpr std::uint64_t kPoolReportLifeUs = UINT64_C(3600) * 1000 * 1000;
// Clients that wait are gone in a moment, so their number is old sooner.
inline constexpr std::uint64_t kClientsWaitingLifeUs = UINT64_C(60) * 1000 * 1000;

enum class PoolFigure { kActiveConnections, kPoolSize, kClientsWaiting };
inline constexpr std::size_t kPoolFigures = 3;
inline constexpr std::size_t PlaceOf(PoolFigure figure) noexcept {
    return static_cast<std::size_t>(figure);
}

// It lies in shared memory. Any process writes; all zero is free.
struct alignas(kCacheLine) PoolReport {
    Word key;                                        // hash of database and application; 0 free
    SequenceLock<std::uint32_t> sequence;            // of all that follows
    HalfWord database;                               // oid
    std::array<Word, kPoolFigures> figure_plus_one;  // by PoolFigure; 0 not reported
    std::array<Word, kPoolFigures> reported_at_us;   // microseconds since 2000-01-01 UTC
    std::array<Word, kNameBytes / 8> application;
};
static_assert(sizeof(PoolReport) == 128);

struct PoolReportCopy {
    std::uint32_t database;
    std::array<std::uint64_t, kPoolFigures> figure_plus_one;  // 0 also when it is too old
    char application[kNameBytes];
    std::array<std::uint64_t, kPoolFigures> reported_at_us;
};

class PoolReports : public Part {
public:
    void Carve(Carver& carver, const SegmentSizes&) noexcept {
        dropped_ = carver.Take<Word>();
        reports_ = carver.Take<PoolReport>(kPoolReports);
    }

    // When the table is full, a report that is beyond its life gives way. Where there is none, this
    // one is dropped and counted. `application` is padded with zeros.
    void Report(std::uint32_t database, const char (&application)[kNameBytes], PoolFigure figure,
                std::uint64_t value, std::uint64_t now_us) noexcept;

    // Adds what was reported before a restart, where nothing newer was reported since.
    void Restore(const PoolReportCopy& saved) noexcept;

    // Returns false when there is nothing to show at this index. At the time 0 nothing is too old.
    bool Read(std::uint32_t index, std::uint64_t now_us, PoolReportCopy* copy) const noexcept;

    // Returns how many figures found no place.
    std::uint64_t Dropped() const noexcept { return Get(*dropped_); }

    // Frees what a dead session was writing, or had only taken.
    std::uint64_t Repair() noexcept;

private:
    // Returns null where there is no room, or another session was quicker.
    PoolReport* FindOrClaim(std::uint64_t key, std::uint64_t now_us) noexcept;
    PoolReport* SettleDuplicates(std::uint64_t key) noexcept;
    // Calls `write(report)` under the lock of the pool's own report, or counts a drop.
    template <typename Write>
    void WriteOrDrop(std::uint32_t database, const char (&application)[kNameBytes],
                     std::uint64_t now_us, Write write) noexcept;

    PoolReport* reports_ = nullptr;
    Word* dropped_ = nullptr;  // any process
};

}  // namespace elile::core
