// A preset says what pools and sessions are like in an environment. No other place has these
// numbers.
#pragma once

#include <cstddef>
#include <string_view>

namespace elile::core {

struct PoolPreset {
    const char* environment;
    int pool_size;             // connections that stay open
    int max_overflow;          // connections beyond these while there is need
    bool pool_pre_ping;        // a connection is tried before it is handed out
    int pool_recycle_s;        // an older connection is replaced
    int pool_timeout_s;        // how long a client waits for a connection
    int statement_timeout_ms;  // 0 none
    int lock_timeout_ms;       // 0 none
    bool echo;                 // every statement is logged
    bool echo_pool;            // what the pool does is logged, by the pool
    int slow_query_threshold_ms;
    bool log_query_plan;
    bool log_parameters;
};

// The presets stand in the order of pg::Environment.
inline constexpr PoolPreset kPoolPresets[] = {
    {"production", 20, 10, true, 3600, 30, 30000, 10000, false, false, 100, true, false},
    {"development", 5, 5, true, 1800, 30, 0, 0, true, true, 200, true, true},
    {"testing", 1, 0, false, 300, 10, 0, 0, false, false, 200, true, false},
};

// Returns null when no preset has that name.
constexpr const PoolPreset* FindPoolPreset(std::string_view environment) noexcept {
    for (const PoolPreset& preset : kPoolPresets) {
        if (environment == preset.environment) {
            return &preset;
        }
    }
    return nullptr;
}

// This is a number of the preset for which a caller may give another one, and its bounds.
struct PoolNumber {
    const char* name;  // of the argument and of the column of pool_presets
    int PoolPreset::*member;
    int least;
    int most;
};

inline constexpr int kMostConnections = 10000;
inline constexpr int kMsPerDay = 24 * 3600 * 1000;

// The numbers stand in the order of the arguments.
inline constexpr PoolNumber kPoolNumbers[] = {
    {"pool_size", &PoolPreset::pool_size, 1, kMostConnections},
    {"max_overflow", &PoolPreset::max_overflow, 0, kMostConnections},
    {"pool_recycle_seconds", &PoolPreset::pool_recycle_s, 1, 7 * 24 * 3600},
    {"pool_timeout_seconds", &PoolPreset::pool_timeout_s, 1, 600},
    {"statement_timeout_ms", &PoolPreset::statement_timeout_ms, 0, kMsPerDay},
    {"lock_timeout_ms", &PoolPreset::lock_timeout_ms, 0, kMsPerDay},
    {"slow_query_threshold_ms", &PoolPreset::slow_query_threshold_ms, -1, kMsPerDay},
};

constexpr int MostConnections(const PoolPreset& preset) noexcept {
    return preset.pool_size + preset.max_overflow;
}

}  // namespace elile::core
