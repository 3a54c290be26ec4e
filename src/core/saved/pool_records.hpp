// What is saved of pools: what the keeper saw of each, what applications told of their own, and
// whom the server refused.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "core/pools/observed.hpp"
#include "core/pools/refusals.hpp"
#include "core/pools/reports.hpp"
#include "core/saved/bytes.hpp"

namespace elile::core {

struct Segment;

// Each kind has so many places.
inline constexpr std::uint32_t kSavedPools = kPools + 1;
inline constexpr std::uint32_t kSavedPoolReports = kPoolReports;
inline constexpr std::uint32_t kSavedRefusals = kRefusals;

// Each writes what stands in a place, and nothing where there is nothing to tell.
void WritePool(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept;
void WritePoolReport(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept;
void WriteRefusals(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept;

// Each adds what was saved of a place when all of it was read, and tells afterwards by the reader
// whether it was.
void RestorePoolReport(Segment& segment, ByteReader& in) noexcept;
void RestoreRefusals(Segment& segment, ByteReader& in) noexcept;

// Collects the pools, which are published at once. The keeper publishes none while what was saved
// is restored, and goes on from these.
class RestoringPools {
public:
    explicit RestoringPools(Segment& segment) noexcept : segment_(segment) {}

    // Without memory there are no pools.
    void Add(ByteReader& in) noexcept;
    // It comes after the header has its stats_since_us, which is that of the pools.
    void Publish() noexcept;

private:
    struct Free {
        void operator()(ObservedPools* memory) const noexcept { std::free(memory); }
    };

    Segment& segment_;
    std::unique_ptr<ObservedPools, Free> pools_;  // of the first one that is added
};

}  // namespace elile::core
