// Turns a Model into Prometheus's metric families. docs/metrics.md describes each.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "exporter/model.hpp"

namespace elile::exporter {

// `scrape_seconds` is how long the scrape before this one took.
std::vector<prometheus::MetricFamily> Collect(const Model& model, double scrape_seconds);

}  // namespace elile::exporter
