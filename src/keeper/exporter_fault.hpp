// Tells in words why the exporter does not start, and what an administrator can do about it.
#pragma once

#include "core/snapshot/exporter_link.hpp"
#include "pg/postgres.hpp"

namespace elile::keeper {

struct StartFault {
    char why[core::kMostReport];  // empty: unknown
    const char* hint;             // null: none
};

// Makes the words "could not STEP" of a step, and those of its errno.
StartFault FaultOfStep(const char* step, int error);

// The step failed on the segment's memory file, which only the server's next start makes anew.
StartFault FaultOfSegmentFile(const char* step, int error);

// Takes the exporter's own words, with the errno that they tell of, or 0.
StartFault FaultInWords(const char* words, int error);

// Takes the words that the dynamic linker wrote when it could not load the program.
StartFault FaultOfLinker(const char* words);

}  // namespace elile::keeper
