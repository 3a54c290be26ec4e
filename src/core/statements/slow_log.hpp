// All sessions share the lines that the slow log may still write, and the counters of what it lost.
#pragma once

#include "core/shared/log_budget.hpp"
#include "core/shared/part.hpp"
#include "core/statements/lost_plans.hpp"

namespace elile::core {

class SlowLog : public Part {
public:
    // It lies in shared memory; any process writes.
    struct Shared {
        LogBudget budget;             // of lines on slow statements and on N+1 patterns
        Word suppressed;              // such lines that it left out
        LostPlanCounters plans_lost;  // plans that could not be written down, by reason
        Word parameters_lost;         // parameters that could not be written down
    };

    void Carve(Carver& carver, const SegmentSizes&) noexcept { shared = carver.Take<Shared>(); }

    Shared* shared = nullptr;
};

}  // namespace elile::core
