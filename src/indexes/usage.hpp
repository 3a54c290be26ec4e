// Reads what the server's statistics say of an index. A partitioned index is the sum of its
// partitions'.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

// An index counts as not used from this many days without a scan.
inline constexpr int kUnusedDays = 7;

struct IndexUsage {
    int64 bytes;  // -1: somebody holds the index exclusively; nobody waits here
    int64 scans;  // since the statistics began
    // The whole days for which it is known that there was no scan; 0 also when nothing is known.
    int idle_days;
};

IndexUsage UsageOf(Oid index);

// Returns "1 day", "8 days", palloc'd.
const char* InDays(int days);

}  // namespace elile::indexes
