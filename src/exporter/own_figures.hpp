// The figures on the extension itself, among them each of its limits and how often it was hit.
#pragma once

#include "exporter/model.hpp"

namespace elile::core {
struct Segment;
}

namespace elile::exporter {

// `head` is null while there is no snapshot.
void FillOwnFigures(const core::Segment& segment, const core::SnapshotHead* head, Model& model);

}  // namespace elile::exporter
