#include "keeper/pool_watcher.hpp"

#include "core/pools/ended_sessions.hpp"
#include "core/pools/reports.hpp"
#include "core/pools/watch.hpp"
#include "core/saved/state.hpp"
#include "core/segment.hpp"
#include "core/snapshot/parts.hpp"
#include "pg/client_sessions.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/postgres.hpp"

namespace elile::keeper {
namespace {

constexpr uint64 kPublishNs = 1000000000;

// The keeper's own copy of the pools that it publishes, and its memory of sessions.
struct Room {
    core::ObservedPools* pools;
    core::PoolWatch* watch;
    core::TrackedSession* sessions;
    uint32 cells;          // so many sessions, twice
    bool awaits_restored;  // what was saved of pools may still come
    uint64 publish_ns;     // when to publish next, monotonic
};

Room MakeRoom() {
    const auto allocate = [](Size bytes) {
        return MemoryContextAllocHuge(TopMemoryContext, bytes);
    };
    Room made = {};
    made.cells = core::PoolWatch::CellsFor(pg::ProcNumbers());
    made.sessions =
        static_cast<core::TrackedSession*>(allocate(sizeof(core::TrackedSession) * 2 * made.cells));
    made.watch = static_cast<core::PoolWatch*>(allocate(sizeof(core::PoolWatch)));
    made.pools = static_cast<core::ObservedPools*>(allocate(sizeof(core::ObservedPools)));
    return made;
}

Room room;

// Goes on from the pools that were published. Another keeper may have done that, or who restored
// what was saved.
void BeginLooks(const core::Segment& segment) {
    room.awaits_restored = segment.save_state.IsRestoring();
    if (!segment.observed.Read(room.pools)) {
        memset(static_cast<void*>(room.pools), 0, sizeof(*room.pools));
    }
    memset(static_cast<void*>(room.sessions), 0, sizeof(*room.sessions) * 2 * room.cells);
    *room.watch =
        core::PoolWatch(room.pools, room.sessions, room.sessions + room.cells, room.cells);
}

void NoteEnded(core::EndedSessions& ended, core::PoolWatch& watch) {
    core::EndedSession session;
    for (uint32 left = core::kEndedSessions; left > 0 && ended.Pop(&session); --left) {
        watch.NoteEnded(session);
    }
}

// Returns how many sessions could not be read.
uint32 SeeSessions(core::PoolWatch& watch) {
    uint32 unread = 0;
    pg::SessionLook look;
    for (int place = 0; place < look.Places(); ++place) {
        core::SeenSession session;
        const pg::SlotReading reading = pg::ReadClientSession(look, place, &session);
        if (reading == pg::SlotReading::kRead) {
            watch.See(session);
        } else if (reading == pg::SlotReading::kUnread) {
            watch.Miss(session.pid);
            ++unread;
        }
    }
    return unread;
}

// Tells the watch how far each session's local transaction number has come. The number grows with
// each transaction, so it also counts those that no look saw. A number that changes while it is
// read is the old or the new one.
void NoteTransactions(core::PoolWatch& watch) {
    for (uint32 at = 0; at < ProcGlobal->allProcCount; ++at) {
        const volatile PGPROC& process = ProcGlobal->allProcs[at];
        const int pid = process.pid;
        const uint32 transaction = pg::TransactionOf(process);
        if (pid != 0 && transaction != 0) {
            watch.NoteTransaction(static_cast<uint32>(pid), transaction);
        }
    }
}

void NoteWaiting(const core::PoolReports& reports, uint64 now_us, core::PoolWatch& watch) {
    for (uint32 index = 0; index < core::kPoolReports; ++index) {
        core::PoolReportCopy report;
        if (reports.Read(index, now_us, &report)) {
            const uint64 plus_one =
                report.figure_plus_one[core::PlaceOf(core::PoolFigure::kClientsWaiting)];
            if (plus_one > 1) {
                watch.NoteWaiting(report.database, report.application,
                                  static_cast<uint32>(plus_one - 1));
            }
        }
    }
}

}  // namespace

uint64 PauseBetweenLooksNs() {
    constexpr auto kMeanNs = static_cast<double>(core::kLookIntervalUs * 1000);
    return static_cast<uint64>(kMeanNs * (0.5 + pg_prng_double(&pg_global_prng_state)));
}

void LookAtPools(core::Segment& segment) {
    if (room.pools == nullptr) {
        room = MakeRoom();
        BeginLooks(segment);
    } else if (room.awaits_restored && !segment.save_state.IsRestoring()) {
        BeginLooks(segment);
    }
    const uint64 begin_ns = pg::MonotonicNs();
    const auto now_us = static_cast<uint64>(GetCurrentTimestamp());
    room.watch->Begin(now_us, core::Get(segment.header->stats_since_us));
    core::Add(*segment.observed.unread, SeeSessions(*room.watch));
    NoteEnded(segment.ended, *room.watch);
    NoteTransactions(*room.watch);
    NoteWaiting(segment.pool_reports, now_us, *room.watch);
    room.watch->End();
    core::Add(*segment.observed.put_aside, room.pools->put_aside);
    room.pools->put_aside = 0;
    const uint64 end_ns = pg::MonotonicNs();
    room.pools->look_ns = end_ns - begin_ns;
    if (end_ns >= room.publish_ns) {
        PublishLooks(segment);
        room.publish_ns = end_ns + kPublishNs;
    }
}

// While what was saved is restored, who restores is the one that publishes.
void PublishLooks(core::Segment& segment) {
    if (room.pools != nullptr && !room.awaits_restored) {
        segment.observed.Write(room.pools);
    }
}

}  // namespace elile::keeper
