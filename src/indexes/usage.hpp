// What the server's statistics say of an index. A partitioned one is the sum of its partitions'.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

// From this many days without a scan on an index counts as not used.
inline constexpr int kUnusedDays = 7;

struct IndexUsage {
    int64 bytes;  // -1: somebody holds the index exclusively, and nobody waits here
    int64 scans;  // since the statistics began
    // Whole days of which it is known that there was no scan; 0 also when nothing is known.
    int idle_days;
};

IndexUsage UsageOf(Oid index);

// "1 day", "8 days", palloc'd.
const char* InDays(int days);

}  // namespace elile::indexes
