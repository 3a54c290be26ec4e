// These are the states that the server tells of a client session.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace elile::core {

enum class SessionState : std::uint32_t {
    kUnknown,  // it does not report: track_activities is off, or it is starting
    kActive,
    kIdle,
    kIdleInTransaction,
    kIdleInTransactionAborted,
    kFastpath
};
inline constexpr int kSessionStates = 6;
inline constexpr std::array<std::string_view, kSessionStates> kSessionStateNames = {
    "unknown",
    "active",
    "idle",
    "idle in transaction",
    "idle in transaction (aborted)",
    "fastpath function call"};

}  // namespace elile::core
