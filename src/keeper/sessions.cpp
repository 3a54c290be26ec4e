#include "keeper/sessions.hpp"

#include "pg/client_sessions.hpp"
#include "pg/postgres.hpp"

namespace elile::keeper {
namespace {

// Orders by the fields that make a group: database, application and state.
int CompareGroups(const void* left, const void* right) {
    const auto* one = static_cast<const core::SnapshotSessions*>(left);
    const auto* other = static_cast<const core::SnapshotSessions*>(right);
    if (one->dbid != other->dbid) {
        return one->dbid < other->dbid ? -1 : 1;
    }
    if (one->state != other->state) {
        return one->state < other->state ? -1 : 1;
    }
    return memcmp(one->application, other->application, sizeof(one->application));
}

// Puts the largest group first. Equal ones keep the groups' order, so that their places do not
// flicker.
int CompareSizes(const void* left, const void* right) {
    const auto* one = static_cast<const core::SnapshotSessions*>(left);
    const auto* other = static_cast<const core::SnapshotSessions*>(right);
    if (one->sessions != other->sessions) {
        return one->sessions > other->sessions ? -1 : 1;
    }
    return CompareGroups(left, right);
}

uint32 ListSessions(pg::SessionLook& look, core::SnapshotSessions* rows, uint64* unread) {
    uint32 count = 0;
    for (int place = 0; place < look.Places(); ++place) {
        core::SeenSession session;
        const pg::SlotReading reading = pg::ReadClientSession(look, place, &session);
        *unread += reading == pg::SlotReading::kUnread ? 1 : 0;
        if (reading != pg::SlotReading::kRead) {
            continue;
        }
        core::SnapshotSessions& row = rows[count++];
        row = {session.pool.dbid, session.state, 1, 0, {}};
        memcpy(row.application, session.pool.application, sizeof(row.application));
    }
    return count;
}

uint32 MergeGroups(core::SnapshotSessions* rows, uint32 count) {
    uint32 groups = 0;
    qsort(rows, count, sizeof(*rows), CompareGroups);
    for (uint32 at = 0; at < count; ++at) {
        if (groups > 0 && CompareGroups(&rows[groups - 1], &rows[at]) == 0) {
            rows[groups - 1].sessions += rows[at].sessions;
        } else {
            rows[groups++] = rows[at];
        }
    }
    return groups;
}

// Gives rows of their own to the largest groups. The rest share one row for each state.
void Publish(core::SnapshotHead& head, core::SnapshotSessions* groups, uint32 count) {
    qsort(groups, count, sizeof(*groups), CompareSizes);
    const uint32 own = Min(count, static_cast<uint32>(core::kOwnSessionRows));
    for (uint32 at = own; at < count; ++at) {
        groups[at].dbid = InvalidOid;
        core::CopyName(groups[at].application, "other");
    }
    const uint32 others = MergeGroups(groups + own, count - own);
    head.applications_other = count - own;
    head.session_rows = own + others;
    memcpy(static_cast<void*>(head.sessions.data()), groups, head.session_rows * sizeof(*groups));
}

}  // namespace

void CountSessions(core::SnapshotHead& head, core::Word& unread) {
    pg::SessionLook look;
    auto* rows = static_cast<core::SnapshotSessions*>(
        palloc(sizeof(core::SnapshotSessions) * static_cast<Size>(Max(look.Places(), 1))));
    uint64 missed = 0;
    const uint32 listed = ListSessions(look, rows, &missed);
    core::Add(unread, missed);
    Publish(head, rows, MergeGroups(rows, listed));
    pfree(rows);
}

}  // namespace elile::keeper
