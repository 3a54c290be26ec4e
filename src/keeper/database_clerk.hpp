// The keeper's part in what is counted for databases that are gone, or have got another name.
#pragma once

#include "core/segment.hpp"

namespace elile::keeper {

// Starts a worker once a session has heard of a change to a database. It connects to none and looks
// at the catalogue of databases. Must be called once a second.
void TendDatabases(core::Segment& segment);

}  // namespace elile::keeper
