// What each (operation, table) took, with a picture of its latencies.
#pragma once

#include <string>
#include <vector>

#include "exporter/model.hpp"

namespace elile::exporter {

// An HTML table, most time first, and notes on how to read it. Empty when nothing was counted.
std::string LatencyTable(const std::vector<Series>& all);

}  // namespace elile::exporter
