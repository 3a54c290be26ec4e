// What the exporter shows, as values: names are text in UTF-8, times are in the unit of their name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/snapshot/snapshot.hpp"
#include "core/statements/lost_plans.hpp"

namespace elile::exporter {

// The label of what is summed, of tables, databases and applications.
inline constexpr const char* kOther = "other";

// An (operation, table) of a database. `table` is bare in schema public, schema.name elsewhere,
// empty where a statement has no table.
struct Series {
    std::string database;
    std::string table;
    core::Operation operation;
    core::SampledSeries values;
};

struct Sessions {
    std::string database;
    std::string application;
    core::SessionState state;
    std::uint32_t count;
};

// What an application said of its own pool.
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

// How old a database's Index values are.
struct IndexAge {
    std::string database;
    double age_seconds;
    std::uint32_t left_out;  // indexes of it that have no Index
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

// A figure of the extension's own.
struct OwnFigure {
    std::string name;  // as exported
    const char* help;
    bool is_counter;
    double value;
};

enum class Health { kOk, kNoSample, kStale, kPostmasterStopped, kNotAccepting };

struct Model {
    Health health = Health::kNoSample;
    double sample_age_seconds = 0;
    double sampling_seconds = 0;
    double stats_since = 0;   // Unix time
    double server_start = 0;  // Unix time
    int server_version = 0;   // as server_version_num
    bool in_recovery = false;
    std::uint32_t max_connections = 0;
    // Rates over about the last minute, a second; absent until there are two samples.
    std::optional<double> queries_per_second;
    std::optional<double> slow_per_second;
    std::optional<double> failed_per_second;
    std::vector<Series> series;  // each (operation, table, database) once
    std::vector<Sessions> sessions;
    std::vector<Pool> pools;
    std::vector<Index> indexes;
    std::vector<IndexAge> index_ages;
    std::vector<Statement> slowest;    // highest mean time first
    std::vector<NPlusOne> n_plus_one;  // most round trips first
    std::vector<OwnFigure> own;
    std::array<std::uint64_t, core::kLostPlanReasons> lost_plans{};  // by core::LostPlan
};

}  // namespace elile::exporter
