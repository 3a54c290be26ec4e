// The keeper finds here the sessions that have ended, to count those that came and went between two
// looks.
//
// It is a bounded queue of many writers and one reader: a session takes a number, writes, and shows
// the number in its place. Nobody waits; a session that finds the queue full is dropped and
// counted.
#pragma once

#include <array>
#include <cstdint>

#include "core/pools/observed.hpp"
#include "core/shared/atomics.hpp"
#include "core/shared/part.hpp"

namespace elile::core {

inline constexpr std::uint32_t kEndedSessions = 1024;

struct EndedSession {
    PoolKey pool;
    std::uint32_t pid;
    std::uint64_t started_at_us;  // microseconds since 2000-01-01 UTC
};

// It lies in shared memory. The session that took its number writes it, until the number is shown.
struct EndedSlot {
    Word shown;  // number + 1
    Word started_at_us;
    Word database_and_user;  // oids, database << 32 | user
    HalfWord pid;
    HalfWord unused;
    std::array<Word, kNameBytes / 8> application;
};
static_assert(sizeof(EndedSlot) == 96);

class EndedSessions : public Part {
public:
    // It lies in shared memory; all zero is empty.
    struct Shared {
        Word taken;    // numbers; any session
        Word drained;  // of these; the keeper
        Word dropped;  // sessions that found no room; any session
    };

    void Carve(Carver& carver, const SegmentSizes&) noexcept {
        shared_ = carver.Take<Shared>();
        slots_ = carver.Take<EndedSlot>(kEndedSessions);
    }

    void Push(const EndedSession& session) noexcept;
    // Only the keeper calls it. Returns false when there is none.
    bool Pop(EndedSession* session) noexcept;

    std::uint64_t Dropped() const noexcept { return Get(shared_->dropped); }

    // Empties the queue, since a session may have died between taking a number and showing it.
    std::uint64_t Repair() noexcept {
        Put(shared_->drained, Get(shared_->taken));
        return 0;
    }

private:
    Shared* shared_ = nullptr;
    EndedSlot* slots_ = nullptr;
};

}  // namespace elile::core
