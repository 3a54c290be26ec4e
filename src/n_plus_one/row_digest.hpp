// Compares rows as multisets, without keeping them.
#pragma once

#include "pg/postgres.hpp"

namespace elile::n_plus_one {

// Holds two sums of hashes over all rows. Different multisets have the same with a chance of
// 2^-128.
struct RowDigest {
    uint64 rows;
    uint64 sums[2];

    bool operator==(const RowDigest&) const = default;

    void Add(const RowDigest& other, uint64 times) {
        rows += other.rows * times;
        sums[0] += other.sums[0] * times;
        sums[1] += other.sums[1] * times;
    }
};

// Returns the digest of one row with null in each of its columns.
RowDigest DigestOfNulls(int columns);

// Returns a receiver that adds rows to `digest`: `columns` columns after the first `skipped`, as
// their types' output functions write them. It is in the current memory context.
DestReceiver* MakeDigestReceiver(int skipped, int columns, RowDigest* digest);

// Holds texts of some columns of each row.
struct RowTexts {
    const int* columns;  // by number from 1
    int column_count;
    int most_rows;
    MemoryContext context;  // holds the texts
    List* rows;             // of arrays of column_count texts, null for null
    bool overflowed;        // there were more rows, which were left out
};
DestReceiver* MakeTextReceiver(RowTexts* texts);

}  // namespace elile::n_plus_one
