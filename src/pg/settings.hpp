// The extension's settings, elile_optimize.*; each is declared once, in settings.cpp.
#pragma once

#include <cstdint>

namespace elile::pg {

enum class Track : int { kNone, kTop, kAll };

struct Settings {
    // Sizes, fixed at server start.
    static int max_statements;
    static int max_tables;
    static int slow_query_ring;    // records
    static int query_text_memory;  // kB
    // Per session; superuser unless granted.
    static int slow_query_threshold;  // ms; 0 all, -1 none
    static int track;                 // Track
    static bool track_utility;
    static bool track_planning;
    static bool enable_query_logging;
};

// Defines them and reserves their prefix. Only while shared_preload_libraries is processed.
void DefineSettings();

inline bool IsTracked(bool nested) {
    static_assert(static_cast<int>(Track::kTop) == 1 && static_cast<int>(Track::kAll) == 2);
    return Settings::track > (nested ? 1 : 0);
}

// At or above the session's threshold.
inline bool IsSlow(std::uint64_t duration_ns) {
    constexpr std::uint64_t kNsPerMs = 1000000;
    const int threshold = Settings::slow_query_threshold;
    return threshold >= 0 && duration_ns >= static_cast<std::uint64_t>(threshold) * kNsPerMs;
}

}  // namespace elile::pg
