#include "core/statements/counters.hpp"

namespace elile::core {
namespace {

void AddPlans(const PlanTally& from, PlanTally& into) noexcept {
    Add(into.plans, Get(from.plans));
    Add(into.total_ns, Get(from.total_ns));
    Add(into.sum_of_squares, from.sum_of_squares.load(std::memory_order_relaxed));
    RaiseTo(into.inverted_min_ns, Get(from.inverted_min_ns));
    RaiseTo(into.max_ns, Get(from.max_ns));
    for (int origin = 0; origin < kPlanOrigins; ++origin) {
        Add(into.calls_by_origin[origin], Get(from.calls_by_origin[origin]));
    }
}

void ClearPlans(PlanTally& plans) noexcept {
    for (Word* word : {&plans.plans, &plans.total_ns, &plans.inverted_min_ns, &plans.max_ns}) {
        Put(*word, 0);
    }
    plans.sum_of_squares.store(0, std::memory_order_relaxed);
    for (Word& calls : plans.calls_by_origin) {
        Put(calls, 0);
    }
}

}  // namespace

void AddCountersTo(const Counters& from, Counters& into, OctavePool& pool) noexcept {
    for (int resource = 0; resource < kResources; ++resource) {
        Add(into.resources[resource], Get(from.resources[resource]));
    }
    AddPlans(from.plans, into.plans);
    AddTallyTo(from.tally, into.tally, pool);
}

void ClearCounters(Counters& counters, OctavePool& pool) noexcept {
    for (Word& resource : counters.resources) {
        Put(resource, 0);
    }
    ClearPlans(counters.plans);
    ClearTally(counters.tally, pool);
}

}  // namespace elile::core
