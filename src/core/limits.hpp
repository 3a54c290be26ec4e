// The table of limits has one line for each limit of the extension, with how often it was hit. The
// view info, the metrics and the status page are made from it.
#pragma once

#include <cstdint>
#include <span>

namespace elile::core {

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

}  // namespace elile::core
