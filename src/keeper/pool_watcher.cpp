#include "keeper/pool_watcher.hpp"

#include "core/pools/ended_sessions.hpp"
#include "core/pools/reports.hpp"
#include "core/pools/watch.hpp"
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
    uint64 publish_ns;  // when to publish next, monotonic
};

Room MakeRoom(const core::Segment& segment) {
    const uint32 cells = core::PoolWatch::CellsFor(pg::ProcNumbers());
    const auto allocate = [](Size bytes) {
        return MemoryContextAllocHuge(TopMemoryContext, bytes);
    };
    Room room = {};
    room.pools = static_cast<core::ObservedPools*>(allocate(sizeof(core::ObservedPools)));
    // An earlier keeper may have published pools already, and their sums go on.
    if (!segment.observed.Read(room.pools)) {
        memset(static_cast<void*>(room.pools), 0, sizeof(*room.pools));
    }
    const Size table = sizeof(core::TrackedSession) * cells;
    auto* tables = static_cast<char*>(allocate(2 * table));
    memset(tables, 0, 2 * table);
    room.watch = static_cast<core::PoolWatch*>(allocate(sizeof(core::PoolWatch)));
    *room.watch = core::PoolWatch(room.pools, reinterpret_cast<core::TrackedSession*>(tables),
                                  reinterpret_cast<core::TrackedSession*>(tables + table), cells);
    return room;
}

void NoteEnded(core::EndedSessions& ended, core::PoolWatch& watch) {
    core::EndedSession session;
    for (uint32 left = core::kEndedSessions; left > 0 && ended.Pop(&session); --left) {
        watch.NoteEnded(session);
    }
}

void SeeSessions(core::PoolWatch& watch) {
    const int sessions = pgstat_fetch_stat_numbackends();
    for (int place = 1; place <= sessions; ++place) {
        core::SeenSession session;
        if (pg::ReadClientSession(place, &session)) {
            watch.See(session);
        }
    }
    pgstat_clear_backend_activity_snapshot();
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
    static Room room = {};
    if (room.pools == nullptr) {
        room = MakeRoom(segment);
    }
    const uint64 begin_ns = pg::MonotonicNs();
    const auto now_us = static_cast<uint64>(GetCurrentTimestamp());
    room.watch->Begin(now_us, core::Get(segment.header->stats_since_us));
    SeeSessions(*room.watch);
    NoteEnded(segment.ended, *room.watch);
    NoteTransactions(*room.watch);
    NoteWaiting(segment.pool_reports, now_us, *room.watch);
    room.watch->End();
    core::Add(*segment.observed.put_aside, room.pools->put_aside);
    room.pools->put_aside = 0;
    const uint64 end_ns = pg::MonotonicNs();
    room.pools->look_ns = end_ns - begin_ns;
    if (end_ns >= room.publish_ns) {
        segment.observed.Write(room.pools);
        room.publish_ns = end_ns + kPublishNs;
    }
}

}  // namespace elile::keeper
