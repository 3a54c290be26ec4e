// A pattern is "one statement, then another one for each of its rows", as a process sees it that
// does not need the table of patterns.
#pragma once

#include <cstdint>

#include "core/shared/index_stack.hpp"

namespace elile::core {

struct NPlusOneKey {
    std::uint32_t database;     // oid
    std::uint32_t user;         // oid
    std::uint32_t application;  // index in the directory of applications
    std::uint64_t parent;       // queryid
    std::uint64_t child;        // queryid

    bool operator==(const NPlusOneKey&) const noexcept = default;
};

// The evidence is what is known of a suggestion beyond its text.
enum class Evidence : std::uint32_t {
    kNotVerified,  // the statements were not planned
    kPlanned       // planned, never executed
};

// A handle names a pattern as it was when it was looked up. It may be used after a reset, which the
// table notices.
struct NPlusOneHandle {
    std::uint32_t index = kNoIndex;
    std::uint32_t sequence = 0;
    bool IsValid() const noexcept { return index != kNoIndex; }
};

struct NPlusOneCopy {
    NPlusOneHandle handle;
    NPlusOneKey key;
    std::uint32_t table;
    Evidence evidence;
    std::uint32_t parent_text;
    std::uint32_t child_text;
    std::uint32_t suggestion;
    std::uint64_t changing;  // of the child's parameters; 0 unknown
    std::uint64_t occurrences;
    std::uint64_t runs;
    std::uint64_t total_ns;
    std::uint64_t most_runs;
    std::uint64_t first_seen_us;
    std::uint64_t last_seen_us;
    double cost_before;
    double cost_after;
};

// One statement for all rows would do in place of one for each.
inline std::uint64_t RoundTripsSaved(const NPlusOneCopy& pattern) noexcept {
    return pattern.runs > pattern.occurrences ? pattern.runs - pattern.occurrences : 0;
}

// A suggestion's text is in the pool of suggestions.
struct NPlusOneSuggestion {
    std::uint32_t text;  // the table takes over the reference
    Evidence evidence;
    double cost_before;
    double cost_after;
    std::uint64_t changing = 0;  // parameters that it takes for keys; 0 unknown
};

}  // namespace elile::core
