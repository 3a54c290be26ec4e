// Every limit that the extension has, and how often each was hit: one line for each, from which
// the view info, the metrics and the status page are made.
#pragma once

#include <cstdint>
#include <span>

#include "core/segment.hpp"

namespace elile::core {

struct Limit {
    const char* name;  // of info's column; the metric has elile_optimize_ before and _total behind
    const char* help;  // of the metric
    std::uint64_t (*count)(const Segment& segment);  // since the segment was made
};

// In info's order.
std::span<const Limit> Limits() noexcept;

// Null when there is none of that name.
const Limit* FindLimit(const char* name) noexcept;

}  // namespace elile::core
