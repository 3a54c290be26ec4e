// The status page's part on N+1 patterns: those that cost the most round trips.
#pragma once

#include <string>

#include "exporter/model.hpp"

namespace elile::exporter {

// Returns HTML; empty when there are no patterns. Texts of statements are shown only where
// `shows_queries`.
std::string NPlusOnePatterns(const Model& model, bool shows_queries);

}  // namespace elile::exporter
