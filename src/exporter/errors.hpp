// Reads what clients asked for and did not get.
#pragma once

#include "exporter/model.hpp"
#include "exporter/names.hpp"

namespace elile::exporter {

// Fills Model::errors.
void FillErrors(const core::Segment& segment, const DatabaseNames& databases, Model& model);

}  // namespace elile::exporter
