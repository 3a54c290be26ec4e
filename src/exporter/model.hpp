// The values that the exporter shows. Names are text in UTF-8, and a time's unit is in its name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/snapshot/snapshot.hpp"
#include "core/statements/lost_plans.hpp"

namespace elile::exporter {

// The label of the tables, databases and applications that have no series of their own, summed.
inline constexpr const char* kOther = "other";

// The figures of one (operation, table) of a database. `table` is bare in schema public,
// schema.name elsewhere, and empty where a statement has no table.
struct Series {
    std::string database;
    std::string table;
    core::Operation operation;
    core::SnapshotSeries values;
};

struct Sessions {
    std::string database;
    std::string application;
    core::SessionState state;
    std::uint32_t count;
};

// The figures that an application reported of its own pool.
struct Pool {
    std::string database;
    std::string application;
    std::optional<std::uint64_t> active_connections;
    std::optional<std::uint64_t> size;
};

struct Index {
    std::string database;
    std::string table;  // as in Series
    std::string name;
    bool is_valid;
    std::uint64_t scans;
    std::uint64_t bytes;
};

// The age of a database's Index values.
struct IndexAge {
    std::string database;
    double age_seconds;
    std::uint32_t left_out;  // how many of its indexes have no Index
};

struct Statement {
    std::int64_t queryid;
    std::string database;
    std::string text;  // normalised
    bool text_is_cut;
    std::uint64_t calls;
    double mean_seconds;
    double p95_seconds;
    double max_seconds;
    double total_seconds;
};

// The sum of the statements of the extension and of the catalogue.
struct OtherOrigins {
    std::uint64_t statements;
    std::uint64_t calls;
    double max_seconds;
    double total_seconds;
};

// A statement that ran for each row of another one.
struct NPlusOne {
    std::string database;
    std::string application;
    std::string table;       // as in Series
    std::string child_text;  // normalised
    bool text_is_cut;
    std::uint64_t occurrences;
    double runs_each;
    std::uint64_t round_trips_saved;
    double total_seconds;
};

// Errors that ended what clients asked for.
struct Errors {
    std::string database;  // empty where a client that never connected named none that is known
    std::string phase;
    std::string sqlstate;
    std::uint64_t count;
};

// A figure on the extension itself.
struct OwnFigure {
    std::string name;  // as exported
    const char* help;
    bool is_counter;
    double value;
};

enum class Health { kOk, kNoSnapshot, kStale, kPostmasterStopped, kNotAccepting };

struct Model {
    Health health = Health::kNoSnapshot;
    double snapshot_age_seconds = 0;
    double taking_seconds = 0;
    double stats_since = 0;   // Unix time
    double server_start = 0;  // Unix time
    int server_version = 0;   // as server_version_num
    bool in_recovery = false;
    std::uint32_t max_connections = 0;
    // Events per second, over about the last minute; absent until there are two snapshots.
    std::optional<double> queries_per_second;
    std::optional<double> slow_per_second;
    std::optional<double> failed_per_second;
    std::vector<Series> series;  // each (operation, table, database) once
    std::vector<Sessions> sessions;
    std::vector<Pool> pools;
    std::vector<Index> indexes;
    std::vector<IndexAge> index_ages;
    std::vector<Statement> slowest;  // of the application, most time first
    OtherOrigins other_origins{};
    std::vector<NPlusOne> n_plus_one;  // most round trips first
    std::vector<Errors> errors;        // each (database, phase, sqlstate) once
    std::vector<OwnFigure> own;
    std::array<std::uint64_t, core::kLostPlanReasons> lost_plans{};  // by core::LostPlan
};

}  // namespace elile::exporter
