#include "pg/session_table.hpp"

#include "core/shared/atomics.hpp"
#include "pg/compat.hpp"

namespace elile::pg {
namespace {

using Address = std::atomic<const PgBackendStatus*>;

Address* noted_table = nullptr;

// Returns null where the names do not lie as the slots do.
const PgBackendStatus* TableOfOwnSlot() {
    const int own = OwnSessionPlace();
    if (MyBEEntry == nullptr || own < 0 || own >= MaxBackends) {
        return nullptr;
    }
    const PgBackendStatus* table = MyBEEntry - own;
    return table->st_appname + static_cast<Size>(own) * NAMEDATALEN == MyBEEntry->st_appname
               ? table
               : nullptr;
}

}  // namespace

void RequestSessionTableMemory() { RequestAddinShmemSpace(sizeof(Address)); }

void MakeOrAttachSessionTable() {
    bool found = false;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    noted_table = static_cast<Address*>(
        ShmemInitStruct("elile_optimize table of sessions", sizeof(Address), &found));
    if (!found) {
        noted_table->store(nullptr, std::memory_order_relaxed);
    }
    LWLockRelease(AddinShmemInitLock);
}

void NoteSessionTable() {
    const PgBackendStatus* table = TableOfOwnSlot();
    if (noted_table != nullptr && table != nullptr &&
        noted_table->load(std::memory_order_relaxed) != table) {
        noted_table->store(table, std::memory_order_relaxed);
    }
}

const PgBackendStatus* SessionLook::FindTable() {
    const PgBackendStatus* table = TableOfOwnSlot();
    return table == nullptr && noted_table != nullptr ? noted_table->load(std::memory_order_relaxed)
                                                      : table;
}

bool SessionLook::Pause() {
    constexpr long kPauseUs = 50;
    if (pauses_left_ == 0) {
        return false;
    }
    --pauses_left_;
    pg_usleep(kPauseUs);
    return true;
}

SlotReading SessionLook::Read(int place, SessionSlot* slot) {
    constexpr int kTriesWithoutPause = 100;
    const volatile PgBackendStatus* shared = table_ + place;
    if (shared->st_procpid == 0) {
        return SlotReading::kFree;
    }
    for (int tries = 1;; ++tries) {
        int before = 0;
        int after = 0;
        pgstat_begin_read_activity(shared, before);
        memcpy(static_cast<void*>(&slot->status), const_cast<const PgBackendStatus*>(shared),
               sizeof(slot->status));
        memcpy(slot->application, slot->status.st_appname, sizeof(slot->application));
        pgstat_end_read_activity(shared, after);
        if (pgstat_read_activity_complete(before, after)) {
            break;
        }
        if (tries >= kTriesWithoutPause && !Pause()) {
            return SlotReading::kUnread;
        }
    }
    slot->application[NAMEDATALEN - 1] = '\0';
    slot->status.st_appname = slot->application;
    slot->status.st_clienthostname = nullptr;
    slot->status.st_sslstatus = nullptr;
    slot->status.st_gssstatus = nullptr;
    slot->status.st_activity_raw = nullptr;
    return slot->status.st_procpid != 0 ? SlotReading::kRead : SlotReading::kFree;
}

}  // namespace elile::pg
