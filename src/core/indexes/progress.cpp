#include "core/indexes/progress.hpp"

#include <algorithm>
#include <iterator>

namespace elile::core {
namespace {

enum Parameter {
    kWaitTotal = 3,
    kWaitDone = 4,
    kPhase = 9,
    kTuplesTotal = 11,
    kTuplesDone = 12,
    kBlocksTotal = 15,
    kBlocksDone = 16
};

// The names stand by the number of the phase.
constexpr const char* kPhases[] = {"initializing",
                                   "waiting for writers before build",
                                   "building index",
                                   "waiting for writers before validation",
                                   "index validation: scanning index",
                                   "index validation: sorting tuples",
                                   "index validation: scanning table",
                                   "waiting for old snapshots",
                                   "waiting for readers before marking dead",
                                   "waiting for readers before dropping"};

bool IsWaiting(std::int64_t phase) { return phase == 1 || phase == 3 || phase >= 7; }

double Share(std::int64_t done, std::int64_t total) {
    return total <= 0 ? -1
                      : std::clamp(100.0 * static_cast<double>(done) / static_cast<double>(total),
                                   0.0, 100.0);
}

}  // namespace

BuildProgress ProgressOf(const std::int64_t* parameters) noexcept {
    const std::int64_t phase = parameters[kPhase];
    if (phase < 0 || phase >= static_cast<std::int64_t>(std::size(kPhases))) {
        return {nullptr, -1};
    }
    if (IsWaiting(phase)) {
        return {kPhases[phase], Share(parameters[kWaitDone], parameters[kWaitTotal])};
    }
    // A B-tree's build counts blocks while it scans, then tuples while it loads them.
    return {kPhases[phase], parameters[kTuplesTotal] > 0
                                ? Share(parameters[kTuplesDone], parameters[kTuplesTotal])
                                : Share(parameters[kBlocksDone], parameters[kBlocksTotal])};
}

}  // namespace elile::core
