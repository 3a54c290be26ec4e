// Decides where statistics of indexes are due: in each database that has counted statements since
// its last collection, at most once a minute.
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/snapshot/parts.hpp"
#include "keeper/database_jobs.hpp"
#include "keeper/index_statistics.hpp"
#include "keeper/snapshot.hpp"
#include "pg/clock.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

constexpr uint64 kNsPerSecond = 1000000000;
constexpr uint64 kBetweenNs = 60 * kNsPerSecond;
// A database without the extension gives no figures, and is asked less and less often.
constexpr uint64 kFirstPauseNs = 10 * kNsPerSecond;
constexpr uint64 kLongestPauseNs = 600 * kNsPerSecond;

struct Asked {
    Oid dbid;  // whose place it is
    uint64 due_ns;
    uint64 pause_ns;
    uint64 queries;     // the database's count at the last look
    TimestampTz since;  // when the count was seen to have grown; 0: it has not
    bool is_unsettled;  // asked, and not yet known whether that gave figures
};

Asked asked[core::kDatabases + 1];  // by index in the directory

uint64 QueriesOf(const core::Segment& segment, const core::SnapshotHead& snapshot, uint32 dbid) {
    const core::SeriesLayout layout = segment.snapshot.layout;
    const auto* series = reinterpret_cast<const core::SnapshotSeries*>(&snapshot + 1);
    uint64 queries = 0;
    for (uint32 at = 0; at < snapshot.series; ++at) {
        const uint32 place = series[at].place;
        const uint32 index = layout.IndexOf(place);
        const core::TableKey key =
            layout.IsOfTable(place) ? segment.tables.KeyOf(index) : segment.databases.KeyOf(index);
        if (series[at].counted.queries != 0 && key.dbid == dbid) {
            queries += series[at].counted.queries;
        }
    }
    return queries;
}

bool HasFigures(const core::Segment& segment, uint32 dbid) {
    core::IndexStatistics* indexes = CopyIndexStatistics(segment);
    bool found = false;
    for (uint32 at = 0; at < indexes->databases; ++at) {
        found = found || indexes->database[at].dbid == dbid;
    }
    pfree(indexes);
    return found;
}

void Settle(Asked& database, bool has_figures) {
    database.is_unsettled = false;
    database.pause_ns =
        has_figures ? 0 : Min(Max(2 * database.pause_ns, kFirstPauseNs), kLongestPauseNs);
    database.due_ns += (has_figures ? kBetweenNs : database.pause_ns) - kFirstPauseNs;
}

void LookAt(const core::Segment& segment, const core::SnapshotHead& snapshot, uint32 index) {
    const uint64 now_ns = pg::MonotonicNs();
    const uint32 dbid = segment.databases.KeyOf(index).dbid;
    Asked& database = asked[index];
    if (!segment.databases.IsUsed(index)) {
        database = {};
        return;
    }
    if (database.dbid != dbid) {
        database = {};
        database.dbid = dbid;
    }
    if (database.is_unsettled && now_ns >= database.due_ns) {
        Settle(database, HasFigures(segment, dbid));
    }
    if (now_ns < database.due_ns || database.since != 0) {
        return;
    }
    const uint64 queries = QueriesOf(segment, snapshot, dbid);
    if (queries > database.queries) {
        database.since = GetCurrentTimestamp();
    }
    database.queries = queries;  // reset() makes it smaller
}

// Looks at all databases, once for each snapshot.
void LookAtAll(const core::Segment& segment, const core::SnapshotHead& snapshot) {
    static uint64 looked_at_ns = 0;
    if (snapshot.monotonic_ns == looked_at_ns) {
        return;
    }
    looked_at_ns = snapshot.monotonic_ns;
    for (uint32 index = 1; index < segment.databases.End(); ++index) {
        LookAt(segment, snapshot, index);
    }
}

}  // namespace

void FindIndexStatistics(Chooser& chooser) {
    const core::Segment& segment = *store::SharedSegment();
    const core::SnapshotHead* snapshot = LastSnapshot();
    if (pg::Settings::metrics_port == 0 || snapshot == nullptr) {
        return;
    }
    LookAtAll(segment, *snapshot);
    const uint64 now_ns = pg::MonotonicNs();
    for (uint32 index = 1; index < segment.databases.End(); ++index) {
        if (asked[index].since != 0 && now_ns >= asked[index].due_ns) {
            chooser.Consider(segment.databases.KeyOf(index).dbid, asked[index].since);
        }
    }
}

// Where no worker could be started the job is tried again later. Meanwhile the figures grow older,
// and their age shows it.
void NoteIndexStatistics(Oid dbid, bool is_started) {
    const core::Segment& segment = *store::SharedSegment();
    for (uint32 index = 1; index < segment.databases.End(); ++index) {
        if (segment.databases.KeyOf(index).dbid == dbid) {
            Asked& database = asked[index];
            database.due_ns = pg::MonotonicNs() + kFirstPauseNs;
            database.is_unsettled = is_started;
            if (is_started) {
                database.since = 0;
            }
        }
    }
}

}  // namespace elile::keeper
