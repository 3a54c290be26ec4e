// Tells the storage options of an index that change what it serves.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

// Returns a canonical form of those among `options`, which is pg_class.reloptions. It is empty
// where all are as by default. Of an access method that is not known, each option counts but
// fillfactor.
const char* ServedOptions(Oid access_method, Datum options);

}  // namespace elile::indexes
