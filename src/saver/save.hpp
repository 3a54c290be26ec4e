// Saves what has changed since the last time, or all of it.
#pragma once

#include "pg/postgres.hpp"

namespace elile::saver {

enum class SaveKind {
    kPeriodic,
    kLast,       // before the saver ends
    kLastClean,  // and nothing will be counted any more
};

// Returns false when nothing could be saved now. A fault is told to the log once, until a save is
// written again.
bool Save(SaveKind kind);

}  // namespace elile::saver
