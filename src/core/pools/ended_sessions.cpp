#include "core/pools/ended_sessions.hpp"

#include "core/shared/words.hpp"

namespace elile::core {

void EndedSessions::Push(const EndedSession& session) noexcept {
    std::uint64_t number = Get(shared_->taken);
    do {
        // Pop() releases its last look at the place, which may be written again.
        // The difference is signed: when others took and drained since, an old number is the
        // smaller one.
        const std::uint64_t drained = shared_->drained.load(std::memory_order_acquire);
        if (static_cast<std::int64_t>(number - drained) >= std::int64_t{kEndedSessions}) {
            Add(shared_->dropped, 1);
            return;
        }
    } while (!shared_->taken.compare_exchange_weak(number, number + 1, std::memory_order_relaxed));
    EndedSlot& slot = slots_[number % kEndedSessions];
    Put(slot.started_at_us, session.started_at_us);
    Put(slot.database_and_user, std::uint64_t{session.pool.dbid} << 32 | session.pool.userid);
    Put(slot.pid, session.pid);
    StoreWords(slot.application.data(), session.pool.application, kNameBytes);
    slot.shown.store(number + 1, std::memory_order_release);  // the place, to Pop()
}

bool EndedSessions::Pop(EndedSession* session) noexcept {
    const std::uint64_t number = Get(shared_->drained);
    const EndedSlot& slot = slots_[number % kEndedSessions];
    if (slot.shown.load(std::memory_order_acquire) != number + 1) {
        return false;
    }
    const std::uint64_t owner = Get(slot.database_and_user);
    session->pool.dbid = static_cast<std::uint32_t>(owner >> 32);
    session->pool.userid = static_cast<std::uint32_t>(owner);
    session->pid = Get(slot.pid);
    session->started_at_us = Get(slot.started_at_us);
    LoadWords(slot.application.data(), session->pool.application, kNameBytes);
    shared_->drained.store(number + 1, std::memory_order_release);
    return true;
}

}  // namespace elile::core
