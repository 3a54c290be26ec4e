// Holds the extension's settings, elile_optimize.*. Their boot values, ranges and words are in the
// table in settings.cpp.
#pragma once

#include <cstdint>

namespace elile::pg {

enum class Track : int { kNone, kTop, kAll };
enum class Environment : int { kProduction, kDevelopment, kTesting };
enum class Choice : int { kOff, kOn, kEnvironment };
enum class LogFormat : int { kText, kJson };

struct Settings {
    // Sizes, fixed at server start.
    static inline int max_statements;
    static inline int max_tables;
    static inline int slow_query_ring;    // records
    static inline int query_text_memory;  // kB
    static inline int plan_memory;        // kB
    // Settings of the whole server, re-read when it reloads.
    static inline int log_rate_limit;            // lines a second; -1 no limit
    static inline int save_interval;             // s; 0 at shutdown only
    static inline int metrics_port;              // 0 off
    static inline char* metrics_listen_address;  // an IPv4 or IPv6 address
    static inline char* metrics_auth_file;       // relative to the data directory; empty: none
    static inline int metrics_max_tables;
    static inline bool metrics_show_queries;
    static inline int max_parallel_builds;
    static inline int index_build_memory;       // kB; kServersMemory
    static inline int index_build_retries;      // after the first attempt
    static inline int index_build_retry_delay;  // s, doubled with each attempt
    static inline int index_build_max_lag;      // kB; -1 no limit
    static inline int index_build_max_active;   // sessions; -1 no limit
    // Per session; superuser unless granted.
    static inline int environment;           // Environment
    static inline int slow_query_threshold;  // ms; 0 all, -1 none
    static inline int track;                 // Track
    static inline bool track_utility;
    static inline bool track_planning;
    static inline double sample_rate;
    static inline int n_plus_one_threshold;  // runs; 0 none
    static inline bool enable_query_logging;
    static inline int log_query_plan;  // Choice
    static inline int log_parameters;  // Choice
    static inline bool log_analyze;
    static inline int log_format;                // LogFormat
    static inline int log_plan_max_length;       // bytes
    static inline int log_parameter_max_length;  // bytes; of one parameter
    static inline char* log_extension_options;   // as it was set; see explain_options.hpp
    static inline bool compute_plan_id;
    // Per session, for every user.
    static inline char* index_schema;      // a name as it is, without quotes
    static inline int inline_index_limit;  // kB
    // apply_preset() sets these for the pool of the role in the database; kNoPool says nothing.
    static inline int pool_size;
    static inline int max_overflow;

    // This follows from environment and slow_query_threshold; UINT64_MAX: nothing is slow.
    static inline std::uint64_t slow_from_ns = UINT64_MAX;
};

inline constexpr int kThresholdOfEnvironment = -2;
inline constexpr int kServersMemory = -1;  // maintenance_work_mem
inline constexpr int kNoPool = -1;

// Each hook is called with each value that its setting takes; null for none.
struct SettingHooks {
    void (*on_log_analyze)(bool, void*);
    void (*on_compute_plan_id)(bool, void*);
    void (*on_n_plus_one_threshold)(int, void*);
};

// Defines all settings but the index set's and reserves their prefix. To be called only while
// shared_preload_libraries is processed.
void DefineSettings(const SettingHooks& hooks);

// Defines the index set's settings, which also work without shared_preload_libraries.
void DefineIndexes();

inline bool IsTracked(bool nested) {
    static_assert(static_cast<int>(Track::kTop) == 1 && static_cast<int>(Track::kAll) == 2);
    return Settings::track > (nested ? 1 : 0);
}

// Whether the duration is at or above the session's threshold.
inline bool IsSlow(std::uint64_t duration_ns) { return duration_ns >= Settings::slow_from_ns; }

// The server writes a value that was reset after we were told of it. To be called before somebody
// may be shown it.
void SettleThreshold();

// These return what holds now, whether it was set or follows the environment.
int ThresholdMs();
bool KeepsPlans();
bool KeepsParameters();

}  // namespace elile::pg
