// Turns a Model into Prometheus's text format. docs/metrics.md describes each metric.
#pragma once

#include <functional>
#include <string_view>

#include "exporter/model.hpp"

namespace elile::exporter {

// Calls `write(part)` for one part of the text after the other, so that the whole of it is nowhere.
// `scrape_seconds` is how long the scrape before this one took.
void Collect(const Model& model, double scrape_seconds,
             const std::function<void(std::string_view)>& write);

}  // namespace elile::exporter
