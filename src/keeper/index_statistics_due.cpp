// Where statistics of indexes are to be collected: in a database in which statements were counted
// since it was asked last, at most once a minute.
#include "keeper/database_jobs.hpp"
#include "keeper/index_statistics.hpp"
#include "keeper/sampler.hpp"
#include "pg/clock.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

constexpr uint64 kNsPerSecond = 1000000000;
constexpr uint64 kBetweenNs = 60 * kNsPerSecond;
// Of databases without the extension, which are asked less and less often.
constexpr uint64 kFirstPauseNs = 10 * kNsPerSecond;
constexpr uint64 kLongestPauseNs = 600 * kNsPerSecond;

struct Asked {
    uint64 due_ns;
    uint64 pause_ns;
    uint64 queries;     // counted in the database when it was looked at last
    TimestampTz since;  // when it had counted more; 0: it has not
    bool is_unsettled;  // it was asked; whether that gave figures decides when it is asked again
};

Asked asked[core::kDatabases + 1];  // by index in the directory

uint64 QueriesOf(const core::Segment& segment, const core::SampleHead& sample, uint32 dbid) {
    const core::SeriesLayout layout = segment.snapshot.layout;
    const auto* series = reinterpret_cast<const core::SampledSeries*>(&sample + 1);
    uint64 queries = 0;
    for (uint32 at = 0; at < sample.series; ++at) {
        const uint32 index = layout.IndexOf(at);
        const core::TableKey key =
            layout.IsOfTable(at) ? segment.tables.KeyOf(index) : segment.databases.KeyOf(index);
        if (series[at].counted.queries != 0 && key.dbid == dbid) {
            queries += series[at].counted.queries;
        }
    }
    return queries;
}

bool HasFigures(const core::Segment& segment, uint32 dbid) {
    core::SampledIndexes* indexes = CopyIndexStatistics(segment);
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

void LookAt(const core::Segment& segment, const core::SampleHead& sample, uint32 index) {
    const uint64 now_ns = pg::MonotonicNs();
    const uint32 dbid = segment.databases.KeyOf(index).dbid;
    Asked& database = asked[index];
    if (database.is_unsettled && now_ns >= database.due_ns) {
        Settle(database, HasFigures(segment, dbid));
    }
    if (now_ns < database.due_ns || database.since != 0) {
        return;
    }
    const uint64 queries = QueriesOf(segment, sample, dbid);
    if (queries > database.queries) {
        database.since = GetCurrentTimestamp();
    }
    database.queries = queries;  // less after reset()
}

// Once for each sample.
void LookAtAll(const core::Segment& segment, const core::SampleHead& sample) {
    static uint64 looked_at_ns = 0;
    if (sample.monotonic_ns == looked_at_ns) {
        return;
    }
    looked_at_ns = sample.monotonic_ns;
    for (uint32 index = 1; index <= segment.databases.Used(); ++index) {
        LookAt(segment, sample, index);
    }
}

}  // namespace

void FindIndexStatistics(Chooser& chooser) {
    const core::Segment& segment = *store::SharedSegment();
    const core::SampleHead* sample = LastSample();
    if (pg::Settings::metrics_port == 0 || sample == nullptr) {
        return;
    }
    LookAtAll(segment, *sample);
    const uint64 now_ns = pg::MonotonicNs();
    for (uint32 index = 1; index <= segment.databases.Used(); ++index) {
        if (asked[index].since != 0 && now_ns >= asked[index].due_ns) {
            chooser.Consider(segment.databases.KeyOf(index).dbid, asked[index].since);
        }
    }
}

// Without a worker the figures grow older, which they say, and it is tried again.
void NoteIndexStatistics(Oid dbid, bool is_started) {
    const core::Segment& segment = *store::SharedSegment();
    for (uint32 index = 1; index <= segment.databases.Used(); ++index) {
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
