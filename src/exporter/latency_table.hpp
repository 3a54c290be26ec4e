// The status page's table of how long each (operation, table) took, with a picture of its
// latencies.
#pragma once

#include <string>
#include <vector>

#include "exporter/model.hpp"

namespace elile::exporter {

// Returns an HTML table, most time first, and notes on how to read it. It is empty when nothing was
// counted.
std::string LatencyTable(const std::vector<Series>& all);

}  // namespace elile::exporter
