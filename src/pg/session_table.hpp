// Reads the server's table of sessions in place.
//
// The server's own functions copy the whole table with every session's statement, whose room
// track_activity_query_size sets. Here a slot is read alone and without that text. A session raises
// its slot's change count before it writes and once more behind. So a reader tries again where the
// count was odd or has moved.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// The table lies in the server's shared memory, which has the same address in all processes. A
// process with a slot knows where the table is, and the keeper has none. So each client's session
// notes the address in a word of that memory, which is made anew after a crash.
void RequestSessionTableMemory();
void MakeOrAttachSessionTable();
// To be called by a process that has a slot. Does nothing where the server's table is not laid out
// as this library was compiled for.
void NoteSessionTable();

// A slot as it was at one moment.
struct SessionSlot {
    PgBackendStatus status;  // st_appname leads to `application`, the other pointers to nothing
    char application[NAMEDATALEN];
};

enum class SlotReading : uint8 {
    kFree,
    kRead,
    kUnread,  // it was being written all the while; only st_procpid is known
};

// One look at all slots. It pauses for 2 ms at most, however many sessions are stopped as they
// write.
class SessionLook {
public:
    // There is a place for each client and each background worker. None is known before the first
    // client has logged in.
    int Places() const { return table_ != nullptr ? MaxBackends : 0; }
    SlotReading Read(int place, SessionSlot* slot);

private:
    bool Pause();

    const PgBackendStatus* table_ = FindTable();
    int pauses_left_ = 20;

    static const PgBackendStatus* FindTable();
};

}  // namespace elile::pg
