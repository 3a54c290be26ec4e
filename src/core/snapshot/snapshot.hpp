// The keeper publishes a snapshot once a second for the exporter, which cannot look at the store
// itself. It has no write access, and so cannot keep entries from being folded while it sums.
//
// A snapshot is plain data. Who wants no series copies its head alone. It has no names but those
// that no directory has; the reader finds tables and databases by reference, and passes over a
// series whose table or database has gone since.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "core/pools/session_state.hpp"
#include "core/shared/names.hpp"
#include "core/statements/statement.hpp"

namespace elile::core {

// The classic histogram's bounds are 2^-13 to 2^6 seconds, one octave of the store each. A last
// bucket has what is above.
inline constexpr int kFirstBoundExponent = -13;
inline constexpr int kLastBoundExponent = 6;
inline constexpr int kLatencyBounds = kLastBoundExponent - kFirstBoundExponent + 1;
inline constexpr int kLatencyBuckets = kLatencyBounds + 1;

// All figures only grow, until all of them begin again from zero.
struct SeriesCounters {
    std::uint64_t queries;  // executions, failed ones included
    std::uint64_t failed;
    std::uint64_t slow;
    std::uint64_t total_ns;
    std::uint64_t loops;  // N+1 patterns that were gone through; selects only
    std::array<std::uint64_t, kLatencyBuckets> bucket;  // executions in it, not cumulative
};
inline constexpr std::size_t kSeriesWords = sizeof(SeriesCounters) / sizeof(std::uint64_t);

// A series is an operation on a table, or on all tables of a database that have no series. It has
// what ran at top level: the time of what is nested is in that of the statement that it ran in.
struct SnapshotSeries {
    SeriesCounters counted;
    std::uint64_t p50_ns;  // of all that was counted since the last reset
    std::uint64_t p95_ns;
    std::uint64_t p99_ns;
    std::uint64_t max_ns;
    std::uint32_t place;  // in the layout
    std::uint32_t owner;  // reference into the directory of tables, or of databases
};

// A row counts client sessions that are alike. dbid 0 and application "other" stand for what had no
// row.
struct SnapshotSessions {
    std::uint32_t dbid;
    SessionState state;
    std::uint32_t sessions;
    std::uint32_t unused;
    char application[kNameBytes];
};
inline constexpr int kSessionRows = 128;
inline constexpr int kOwnSessionRows = kSessionRows - kSessionStates;  // the rest is for "other"

inline constexpr int kSlowestStatements = 10;
struct SnapshotStatement {
    std::uint64_t queryid;
    std::uint64_t calls;
    std::uint64_t total_ns;
    std::uint64_t p95_ns;
    std::uint64_t max_ns;
    std::uint32_t dbid;
    std::uint32_t text_bytes;  // of text; the whole one may be longer
    std::uint32_t text_is_cut;
    std::uint32_t unused;
    char text[512];  // normalised, in the encoding of its database
};

// The sum of the statements that are not the application's.
struct SnapshotOtherOrigins {
    std::uint64_t statements;
    std::uint64_t calls;
    std::uint64_t total_ns;
    std::uint64_t max_ns;
};

struct SnapshotHead {
    std::uint64_t taken_at_us;      // microseconds since 2000-01-01 UTC
    std::uint64_t monotonic_ns;     // CLOCK_MONOTONIC when it was complete
    std::uint64_t taking_ns;        // what taking it took
    std::uint64_t stats_since_us;   // start or last reset(), like taken_at_us
    std::uint64_t server_start_us;  // postmaster start, like taken_at_us
    std::uint32_t server_version;   // PG_VERSION_NUM
    std::uint32_t max_connections;
    std::uint32_t postmaster_stopped;   // by SIGSTOP or a debugger: no session can begin
    std::uint32_t in_recovery;          // a standby, or one that restores from an archive
    std::uint32_t accepts_connections;  // 0 while it starts or stops
    std::uint32_t unused;
    std::uint64_t queries;             // of all series
    std::uint64_t slow;                // of all series
    std::uint64_t failed;              // of all series
    std::uint32_t series;              // how many are in use and follow the head
    std::uint32_t tables_with_series;  // those with the lowest indexes have series of their own
    std::uint32_t tables_other;        // tables whose executions are in `other`
    std::uint32_t applications_other;  // groups of sessions that are summed as `other`
    std::uint32_t session_rows;
    std::uint32_t statements;
    std::array<SnapshotSessions, kSessionRows> sessions;
    std::array<SnapshotStatement, kSlowestStatements>
        slowest;  // of the application, most time first
    SnapshotOtherOrigins other_origins;
};
static_assert(std::is_trivially_copyable_v<SnapshotHead> && sizeof(SnapshotHead) % 8 == 0);
static_assert(std::is_trivially_copyable_v<SnapshotSeries>);

// The layout gives each series a place, and says to which series an (operation, table) belongs.
// Tables with a low index have their own; then comes one set for each database. Index 0 of these is
// all databases that found no room.
struct SeriesLayout {
    std::uint32_t tables;  // room

    std::uint32_t Size() const noexcept { return (tables + 1 + kDatabases + 1) * kOperations; }
    std::uint32_t OfTable(std::uint32_t table, Operation operation) const noexcept {
        return table * kOperations + static_cast<std::uint32_t>(operation);
    }
    std::uint32_t OfDatabase(std::uint32_t database, Operation operation) const noexcept {
        return OfTable(tables + 1 + database, operation);
    }
    bool IsOfTable(std::uint32_t place) const noexcept {
        return place < (tables + 1) * kOperations;
    }
    // Returns the index in the directory of tables, or in that of databases.
    std::uint32_t IndexOf(std::uint32_t place) const noexcept {
        return IsOfTable(place) ? place / kOperations : place / kOperations - tables - 1;
    }
    static Operation OperationOf(std::uint32_t place) noexcept {
        return static_cast<Operation>(place % kOperations);
    }
};

// This is an index of a table, as a worker saw it in its database.
struct IndexStatistic {
    std::uint32_t dbid;
    std::uint32_t is_valid;
    std::uint64_t scans;
    std::uint64_t bytes;
    char schema[kNameBytes];
    char table[kNameBytes];
    char index[kNameBytes];
};
inline constexpr int kIndexRows = 500;

struct IndexStatistics {
    struct OfDatabase {
        std::uint32_t dbid;
        std::uint32_t left_out;         // indexes of it that had no row
        std::uint64_t collected_at_us;  // microseconds since 2000-01-01 UTC
    };
    std::uint32_t databases;
    std::uint32_t rows;
    std::array<OfDatabase, kDatabases> database;
    std::array<IndexStatistic, kIndexRows> index;
};
static_assert(std::is_trivially_copyable_v<IndexStatistics> && sizeof(IndexStatistics) % 8 == 0);

// This is the exporter as the keeper knows it.
struct ExporterStatus {
    char state[192];   // in words
    char address[80];  // where it listens; empty: nowhere
};

}  // namespace elile::core
