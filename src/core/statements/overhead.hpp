// The extension measures on some executions what it costs itself.
#pragma once

#include "core/shared/part.hpp"

namespace elile::core {

class Overhead : public Part {
public:
    // It lies in shared memory; any process adds.
    struct Shared {
        Word measured_executions;
        Word measured_own_ns;     // what capturing those took
        Word covered_executions;  // all that were counted while those were picked
        Word covered_elapsed_ns;  // of these, what ran in no other
    };

    void Carve(Carver& carver, const SegmentSizes&) noexcept { shared = carver.Take<Shared>(); }

    Shared* shared = nullptr;
};

}  // namespace elile::core
