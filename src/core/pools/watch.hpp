// The watch looks at the server's sessions ten times a second, and keeps what they say of pools.
//
// One look is Begin(), the sessions that there are, those that ended since the last look,
// transactions, clients that wait, and End(). A session is told apart by its process and its start.
// So each is counted as opened once, whether it was seen or only ended. A session says that it ends
// before it leaves the server's table. So one that is not in the table has said it by then, and is
// found while the look before is still remembered.
#pragma once

#include <array>
#include <cstdint>

#include "core/pools/observed.hpp"
#include "core/pools/session_state.hpp"

namespace elile::core {

struct EndedSession;

// A session that is idle in a transaction for longer does not just pause between two statements.
inline constexpr std::uint64_t kLingerUs = UINT64_C(5) * 1000 * 1000;
// One that is so for longer than this is counted as invalid.
inline constexpr std::uint64_t kInvalidUs = UINT64_C(60) * 1000 * 1000;

// This is a client session as the server's own table has it.
struct SeenSession {
    PoolKey pool;
    std::uint32_t pid;
    SessionState state;
    std::uint64_t started_at_us;  // microseconds since 2000-01-01 UTC
    std::uint64_t state_since_us;
};

inline bool IsIdleInTransaction(SessionState state) noexcept {
    return state == SessionState::kIdleInTransaction ||
           state == SessionState::kIdleInTransactionAborted;
}
inline bool IsCheckedOut(SessionState state) noexcept {
    return state == SessionState::kActive || state == SessionState::kFastpath ||
           IsIdleInTransaction(state);
}
inline bool IsOlder(std::uint64_t since_us, std::uint64_t age_us, std::uint64_t now_us) noexcept {
    return since_us != 0 && since_us + age_us < now_us;
}
// Tells whether the session's transaction can only be rolled back, or was left alone.
inline bool IsInvalid(const SeenSession& session, std::uint64_t now_us) noexcept {
    return session.state == SessionState::kIdleInTransactionAborted ||
           (session.state == SessionState::kIdleInTransaction &&
            IsOlder(session.state_since_us, kInvalidUs, now_us));
}

// The keeper remembers this of a session from one look to the next.
struct TrackedSession {
    std::uint32_t pid;  // 0 free
    std::uint32_t pool;
    std::uint64_t started_at_us;
    std::uint32_t transaction;  // the local number of the last one that was seen; 0 none
    std::uint32_t unused;
};

class PoolWatch {
public:
    // There are cells for twice the sessions that may be at once and may have ended between two
    // looks.
    static std::uint32_t CellsFor(std::uint32_t sessions) noexcept;

    PoolWatch() = default;
    // `one` and `other` are zeroed arrays of `cells` each, which is CellsFor().
    PoolWatch(ObservedPools* pools, TrackedSession* one, TrackedSession* other,
              std::uint32_t cells) noexcept
        : pools_(pools), before_(one), now_(other), cells_(cells) {}

    // Forgets everything when the statistics began anew since the last look.
    void Begin(std::uint64_t now_us, std::uint64_t stats_since_us) noexcept;
    void NoteEnded(const EndedSession& session) noexcept;
    void See(const SeenSession& session) noexcept;
    // The session is in its transaction of this local number, which grows by one with each.
    void NoteTransaction(std::uint32_t pid, std::uint32_t number) noexcept;
    // Somebody who sees them has told that so many clients wait for a connection of this
    // application.
    void NoteWaiting(std::uint32_t dbid, const char (&application)[kNameBytes],
                     std::uint32_t clients) noexcept;
    void End() noexcept;

private:
    // This is what one look shows of one pool.
    struct Glance {
        std::uint32_t sessions;
        std::uint32_t checked_out;
        std::uint32_t waiting;
        std::uint32_t in_transaction;
        std::uint32_t lingering;
        std::uint32_t opened;
        std::uint64_t transactions;
    };

    TrackedSession* CellOf(TrackedSession* table, std::uint32_t pid) const noexcept;
    const TrackedSession* Known(std::uint32_t pid, std::uint64_t started_at_us) const noexcept;
    std::uint32_t Track(const PoolKey& key, std::uint32_t pid,
                        std::uint64_t started_at_us) noexcept;
    void AddGlance(ObservedPool& pool, const Glance& glance) const noexcept;
    void CloseIfDue(ObservedPool& pool) const noexcept;

    ObservedPools* pools_ = nullptr;
    TrackedSession* before_ = nullptr;
    TrackedSession* now_ = nullptr;
    std::uint32_t cells_ = 0;
    std::uint64_t now_us_ = 0;
    std::array<Glance, kPools + 1> glances_ = {};
};

}  // namespace elile::core
