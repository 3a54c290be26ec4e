// The table of limits has one line for each limit of the extension, with how often it was hit. The
// view info, the metrics and the status page are made from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace elile::core {

class ByteReader;
class ByteWriter;
struct Segment;

struct Limit {
    const char* name;  // of info's column; the metric has elile_optimize_ before and _total behind
    const char* help;  // of the metric
    std::uint64_t (*count)(const Segment& segment);  // since the segment was made
};

// The limits stand in info's order.
std::span<const Limit> Limits() noexcept;

// Returns null when no limit has that name.
const Limit* FindLimit(const char* name) noexcept;

// Returns how often the limit was hit, before restarts too, as far as that was saved.
std::uint64_t CountOf(const Segment& segment, const Limit& limit) noexcept;
// Returns what of that metrics show. After a crash of the server they begin from zero.
std::uint64_t ShownCountOf(const Segment& segment, const Limit& limit) noexcept;
// The same, by the reason for which a plan was lost.
std::uint64_t ShownLostPlans(const Segment& segment, std::size_t reason) noexcept;

// What is saved of limits has places: first the limits, then the reasons for which plans are lost.
std::uint32_t SavedLimits() noexcept;
void WriteLimit(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept;
// With `goes_on` metrics go on where they were.
void RestoreLimit(Segment& segment, ByteReader& in, bool goes_on) noexcept;

}  // namespace elile::core
