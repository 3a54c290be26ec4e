// A failure is an error that ended what a client asked for, as a process sees it that does not need
// the table of failures.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "core/shared/names.hpp"

namespace elile::core {

// The phase is the last hook that was entered as the error was raised.
enum class Phase : std::uint32_t {
    kConnect,
    kParse,
    kBind,
    kPlan,
    kExecute,
    kUtility,
    kCommit,
    kUnknown
};
inline constexpr std::array<std::string_view, 8> kPhaseNames = {
    "connect", "parse", "bind", "plan", "execute", "utility", "commit", "unknown"};

// An SQLSTATE is held as the server packs it: five characters of six bits, the first one lowest.
inline constexpr int kSqlstateCharacters = 5;
inline std::array<char, kSqlstateCharacters + 1> SqlstateText(std::uint32_t packed) noexcept {
    constexpr std::uint32_t kBits = 6;
    std::array<char, kSqlstateCharacters + 1> text{};
    for (int at = 0; at < kSqlstateCharacters; ++at) {
        text[static_cast<std::size_t>(at)] = static_cast<char>('0' + (packed & 0x3f));
        packed >>= kBits;
    }
    return text;
}

// Failures with the same key are one row. All its bytes are the identity, so names are padded with
// zeros.
struct FailureKey {
    std::uint64_t queryid;   // 0: none
    std::uint32_t database;  // oid; 0 for one that never connected
    std::uint32_t user;      // oid; 0 for one that never connected
    std::uint32_t sqlstate;
    Phase phase;
    char application[kNameBytes];
    // These two are as the client gave them where it never connected, and empty elsewhere.
    char given_database[kNameBytes];
    char given_user[kNameBytes];
};
static_assert(sizeof(FailureKey) == 24 + 3 * kNameBytes &&
              std::has_unique_object_representations_v<FailureKey>);

inline constexpr std::size_t kMessageBytes = 192;

// These are of the last failure of its key.
struct FailureDetails {
    std::uint32_t table_plus_one;  // in the directory of tables; 0: none is known
    std::uint32_t encoding;        // of names and message
    char message[kMessageBytes];   // the template, without values; empty: none is known
    char schema[kNameBytes];
    char table_name[kNameBytes];
    char column[kNameBytes];
    char constraint[kNameBytes];
};

struct FailureCopy {
    FailureKey key;
    FailureDetails details;
    std::uint64_t count;
    std::uint64_t first_us;  // microseconds since 2000-01-01 UTC
    std::uint64_t last_us;
};

// One series of the metric.
struct ErrorCount {
    std::uint32_t sqlstate;
    Phase phase;
    std::uint64_t count;
    std::uint64_t origin;  // of the count: the series shows what came on top of it
};

}  // namespace elile::core
