#include "core/counters.hpp"

namespace elile::core {

void AddCountersTo(const Counters& from, Counters& into, OctavePool& pool) noexcept {
    for (int resource = 0; resource < kResources; ++resource) {
        Add(into.resources[resource], Get(from.resources[resource]));
    }
    AddTallyTo(from.tally, into.tally, pool);
}

void ClearCounters(Counters& counters, OctavePool& pool) noexcept {
    for (Word& resource : counters.resources) {
        Put(resource, 0);
    }
    ClearTally(counters.tally, pool);
}

}  // namespace elile::core
