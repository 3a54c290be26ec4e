#include "keeper/snapshot.hpp"

#include "core/segment.hpp"
#include "core/snapshot/parts.hpp"
#include "core/snapshot/series.hpp"
#include "keeper/postmaster_state.hpp"
#include "keeper/sessions.hpp"
#include "pg/clock.hpp"
#include "pg/postgres.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

// The keeper's copy of the snapshot that it published last, and scratch memory to make the next
// one.
struct Room {
    core::SnapshotHead* head;  // followed by the series
    uint32* scratch;
};

Room room = {};

Room MakeRoom(const core::Segment& segment) {
    Room made;
    // Memory for series that are not in use is never touched, and so never taken.
    made.head = static_cast<core::SnapshotHead*>(
        MemoryContextAlloc(TopMemoryContext, segment.snapshot.MostBytes()));
    made.scratch = static_cast<uint32*>(MemoryContextAlloc(
        TopMemoryContext, core::SeriesBuilder::ScratchWords(segment) * sizeof(uint32)));
    // An earlier keeper may have published already, and its counters must go on.
    if (!segment.snapshot.ReadWithSeries(made.head)) {
        memset(static_cast<void*>(made.head), 0, sizeof(*made.head));
    }
    return made;
}

void DescribeServer(core::SnapshotHead& head) {
    head.server_start_us = static_cast<uint64>(PgStartTime);
    head.server_version = PG_VERSION_NUM;
    head.max_connections = static_cast<uint32>(MaxConnections);
    head.postmaster_stopped = IsPostmasterStopped() ? 1 : 0;
    head.in_recovery = GetRecoveryState() == RECOVERY_STATE_ARCHIVE ? 1 : 0;
    head.accepts_connections = AcceptsConnections() ? 1 : 0;
}

}  // namespace

const core::SnapshotHead& TakeSnapshot(core::Segment& segment) {
    if (room.head == nullptr) {
        room = MakeRoom(segment);
    }
    const uint64 begin_ns = pg::MonotonicNs();
    // Folding holds the gate for microseconds. reset() takes longer, and is not waited for.
    constexpr int kTries = 20;
    if (!store::TryEnterStore(segment, kTries)) {
        return *room.head;  // the next try, in a second, is soon enough
    }
    core::SeriesBuilder(segment, room.scratch, *room.head,
                        reinterpret_cast<core::SnapshotSeries*>(room.head + 1))
        .Take(static_cast<uint32>(pg::Settings::metrics_max_tables));
    store::LeaveStore(segment);
    CountSessions(*room.head, *segment.observed.unread);
    DescribeServer(*room.head);
    room.head->taken_at_us = static_cast<uint64>(GetCurrentTimestamp());
    room.head->monotonic_ns = pg::MonotonicNs();
    room.head->taking_ns = room.head->monotonic_ns - begin_ns;
    segment.snapshot.WriteWithSeries(room.head);
    return *room.head;
}

const core::SnapshotHead* LastSnapshot() { return room.head; }

}  // namespace elile::keeper
