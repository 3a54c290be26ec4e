// The status page's part on indexes: the invalid, the largest, and how many are never used.
#pragma once

#include <string>

#include "exporter/model.hpp"

namespace elile::exporter {

// Empty when there are none.
std::string Indexes(const Model& model);

}  // namespace elile::exporter
