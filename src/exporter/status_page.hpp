// The exporter's page for people: the model as one HTML document that loads nothing.
#pragma once

#include <string>

#include "exporter/model.hpp"

namespace elile::exporter {

struct PageOptions {
    bool shows_queries;  // whether texts of statements are shown
};

// The page needs a Content-Security-Policy that allows inline styles and its icon, a data: URL. It
// has no script. Names and texts of the model are escaped. The clock is read, to say when the page
// was made.
std::string RenderStatusPage(const Model& model, const PageOptions& options);

}  // namespace elile::exporter
