// Why the exporter does not start, in words, and what to do about it.
#pragma once

#include "core/snapshot/exporter_link.hpp"
#include "pg/postgres.hpp"

namespace elile::keeper {

struct StartFault {
    char why[core::kMostReport];  // empty: nobody said
    const char* hint;             // null: none
};

// From a step, as "could not STEP", and its errno.
StartFault FaultOfStep(const char* step, int error);

// Of the segment's memory file, which only the server's next start makes anew.
StartFault FaultOfSegmentFile(const char* step, int error);

// From the exporter's own words, and the errno in them or 0.
StartFault FaultInWords(const char* words, int error);

// From what the dynamic linker wrote.
StartFault FaultOfLinker(const char* words);

}  // namespace elile::keeper
