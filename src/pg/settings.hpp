// The extension's settings, elile_optimize.*; each is declared once, in settings.cpp.
#pragma once

#include <cstdint>

namespace elile::pg {

enum class Track : int { kNone, kTop, kAll };
enum class Environment : int { kProduction, kDevelopment, kTesting };
enum class Choice : int { kOff, kOn, kEnvironment };
enum class LogFormat : int { kText, kJson };

struct Settings {
    // Sizes, fixed at server start.
    static int max_statements;
    static int max_tables;
    static int slow_query_ring;    // records
    static int query_text_memory;  // kB
    static int plan_memory;        // kB
    // Of the whole server, re-read when it reloads.
    static int log_rate_limit;            // lines a second; -1 no limit
    static int metrics_port;              // 0 off
    static char* metrics_listen_address;  // an IPv4 or IPv6 address
    static char* metrics_auth_file;       // relative to the data directory; empty: none
    static int metrics_max_tables;
    static bool metrics_show_queries;
    static int max_parallel_builds;
    static int index_build_memory;       // kB; kServersMemory
    static int index_build_retries;      // after the first attempt
    static int index_build_retry_delay;  // s, doubled with each attempt
    static int index_build_max_lag;      // kB; -1 no limit
    static int index_build_max_active;   // sessions; -1 no limit
    // Per session; superuser unless granted.
    static int environment;           // Environment
    static int slow_query_threshold;  // ms; 0 all, -1 none, kThresholdOfEnvironment
    static int track;                 // Track
    static bool track_utility;
    static bool track_planning;
    static double sample_rate;
    static int n_plus_one_threshold;  // runs; 0 none
    static bool enable_query_logging;
    static int log_query_plan;  // Choice
    static int log_parameters;  // Choice
    static bool log_analyze;
    static int log_format;                // LogFormat
    static int log_plan_max_length;       // bytes
    static int log_parameter_max_length;  // bytes; of one parameter
    static char* log_extension_options;   // as it was set; see explain_options.hpp
    static bool compute_plan_id;
    // Per session, for every user.
    static char* index_schema;      // a name as it is, without quotes
    static int inline_index_limit;  // kB
    // What apply_preset() says of the pool of the role in the database; kNoPool: nothing.
    static int pool_size;
    static int max_overflow;

    // Follows from environment and slow_query_threshold; UINT64_MAX: nothing is slow.
    static std::uint64_t slow_from_ns;
};

inline constexpr int kThresholdOfEnvironment = -2;
inline constexpr int kServersMemory = -1;  // maintenance_work_mem
inline constexpr int kNoPool = -1;

// Called with each value that the setting takes; null: nothing is.
struct SettingHooks {
    void (*on_log_analyze)(bool, void*);
    void (*on_compute_plan_id)(bool, void*);
    void (*on_n_plus_one_threshold)(int, void*);
};

// Defines the others and reserves their prefix. Only while shared_preload_libraries is processed.
void DefineSettings(const SettingHooks& hooks);

// Those of the index set, which also work without shared_preload_libraries.
void DefineIndexes();

inline bool IsTracked(bool nested) {
    static_assert(static_cast<int>(Track::kTop) == 1 && static_cast<int>(Track::kAll) == 2);
    return Settings::track > (nested ? 1 : 0);
}

// At or above the session's threshold.
inline bool IsSlow(std::uint64_t duration_ns) { return duration_ns >= Settings::slow_from_ns; }

// What holds now, whether set or as the environment has it.
int ThresholdMs();
bool KeepsPlans();
bool KeepsParameters();

}  // namespace elile::pg
