// Statements of any session that may be loops' parents, so that their rows are looked at.
#pragma once

#include <cstdint>

#include "core/shared/atomics.hpp"

namespace elile::core {

// So many places lie in shared memory, each with a queryid or 0. A statement has the place of its
// queryid modulo this power of two. It shares that with others, and the last one has it.
inline constexpr std::uint32_t kSuspects = 4096;

}  // namespace elile::core
