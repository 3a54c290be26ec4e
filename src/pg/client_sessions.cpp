#include "pg/client_sessions.hpp"

#include "pg/compat.hpp"

namespace elile::pg {
namespace {

core::SessionState StateOf(BackendState state) {
    switch (state) {
        case STATE_IDLE:
            return core::SessionState::kIdle;
        case STATE_RUNNING:
            return core::SessionState::kActive;
        case STATE_IDLEINTRANSACTION:
            return core::SessionState::kIdleInTransaction;
        case STATE_IDLEINTRANSACTION_ABORTED:
            return core::SessionState::kIdleInTransactionAborted;
        case STATE_FASTPATH:
            return core::SessionState::kFastpath;
        default:
            return core::SessionState::kUnknown;
    }
}

core::PoolKey PoolOf(const PgBackendStatus& session) {
    core::PoolKey pool = {session.st_databaseid, session.st_userid, {}};
    core::CopyName(pool.application, session.st_appname);
    return pool;
}

}  // namespace

SlotReading ReadClientSession(SessionLook& look, int place, core::SeenSession* session) {
    SessionSlot slot;
    const PgBackendStatus& status = slot.status;
    const SlotReading reading = look.Read(place, &slot);
    if (reading == SlotReading::kFree) {
        return reading;
    }
    session->pid = static_cast<uint32>(status.st_procpid);
    if (reading == SlotReading::kUnread) {
        return reading;
    }
    if (status.st_backendType != B_BACKEND || IsStarting(status)) {
        return SlotReading::kFree;
    }
    session->pool = PoolOf(status);
    session->state = StateOf(status.st_state);
    session->started_at_us = static_cast<uint64>(status.st_proc_start_timestamp);
    session->state_since_us = static_cast<uint64>(status.st_state_start_timestamp);
    return reading;
}

core::PoolKey OwnPool() { return PoolOf(*MyBEEntry); }

}  // namespace elile::pg
