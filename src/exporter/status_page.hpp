// The exporter's page for people: what the model has, as one HTML document that loads nothing.
#pragma once

#include <string>

#include "exporter/model.hpp"

namespace elile::exporter {

struct PageOptions {
    bool shows_queries;  // texts of statements are for whoever reads this page
};

// Needs a Content-Security-Policy that allows inline styles and the icon, a data: URL; no script.
// Names and texts of the model are escaped. Reads the clock, to say when the page was made.
std::string RenderStatusPage(const Model& model, const PageOptions& options);

}  // namespace elile::exporter
