// This shows the server's own progress of CREATE INDEX to people.
#pragma once

#include <cstdint>

namespace elile::core {

struct BuildProgress {
    const char* phase;  // as pg_stat_progress_create_index has it; null: none yet
    double percent;     // of the phase, 0 to 100; below 0: it has no figure
};

// The parameters are a backend's progress parameters (commands/progress.h), the same in 15 to 19.
BuildProgress ProgressOf(const std::int64_t* parameters) noexcept;

}  // namespace elile::core
