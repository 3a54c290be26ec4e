// The status page's part on indexes: the invalid, the largest, and how many are never used.
#pragma once

#include <string>

#include "exporter/model.hpp"

namespace elile::exporter {

// Returns HTML; empty when the model has no indexes.
std::string Indexes(const Model& model);

}  // namespace elile::exporter
