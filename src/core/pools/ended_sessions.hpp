// Sessions that have ended, for the keeper to count those that came and went between two looks.
//
// A bounded queue of many writers and one reader: a session takes a number, writes, and shows the
// number in its place. Nobody waits; what finds the queue full is dropped and counted.
#pragma once

#include <array>
#include <cstdint>

#include "core/pools/observed.hpp"
#include "core/shared/atomics.hpp"

namespace elile::core {

inline constexpr std::uint32_t kEndedSessions = 1024;

struct EndedSession {
    PoolKey pool;
    std::uint32_t pid;
    std::uint64_t started_at_us;  // microseconds since 2000-01-01 UTC
};

// In shared memory. Written by who took its number, until the number is shown.
struct EndedSlot {
    Word shown;  // number + 1
    Word started_at_us;
    Word database_and_user;  // oids, database << 32 | user
    HalfWord pid;
    HalfWord unused;
    std::array<Word, kNameBytes / 8> application;
};
static_assert(sizeof(EndedSlot) == 96);

// In shared memory; all zero is empty.
struct alignas(kCacheLine) EndedHead {
    Word taken;    // numbers; any session
    Word drained;  // of these; the keeper
    Word dropped;  // sessions that found no room; any session
};

class EndedSessions {
public:
    EndedSessions() = default;
    EndedSessions(EndedHead* head, EndedSlot* slots) noexcept : head_(head), slots_(slots) {}

    void Push(const EndedSession& session) noexcept;
    // The keeper alone. False when there is none.
    bool Pop(EndedSession* session) noexcept;

    // Empties it, since a session may have died between taking a number and showing it. Nobody
    // else may use it meanwhile.
    void Repair() noexcept { Put(head_->drained, Get(head_->taken)); }

private:
    EndedHead* head_ = nullptr;
    EndedSlot* slots_ = nullptr;
};

}  // namespace elile::core
