// The status page's part on N+1 patterns: those that cost the most round trips.
#pragma once

#include <string>

#include "exporter/model.hpp"

namespace elile::exporter {

// Empty when there are none. Without texts of statements unless `shows_queries`.
std::string NPlusOnePatterns(const Model& model, bool shows_queries);

}  // namespace elile::exporter
