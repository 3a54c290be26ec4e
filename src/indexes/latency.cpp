#include "indexes/latency.hpp"

#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/statements/table.hpp"
#include "indexes/journal.hpp"
#include "store/shared_store.hpp"

namespace elile::indexes {
namespace {

// Returns a bucket's number over all octaves, which the journal keeps.
int64 NumberOf(int octave, int bucket) { return octave * core::kBucketsPerOctave + bucket; }

// This number stands for executions shorter than the first octave's.
constexpr int64 kBelow = -1;

// Returns the counts of selects on the table. Null when the table has none.
core::TallySnapshot* CountsOf(Oid table) {
    const core::Segment& segment = store::RequireSegment();
    const uint32 index = segment.tables.Find({MyDatabaseId, table, 0});
    if (index == core::kNoIndex) {
        return nullptr;
    }
    auto* sum = static_cast<core::TallySnapshot*>(palloc(sizeof(core::TallySnapshot)));
    *sum = core::TallySnapshot();
    store::EnterStore(segment);
    segment.statements.AddTalliesOf(core::Target{index, core::Operation::kSelect}, *sum);
    store::LeaveStore(segment);
    return sum;
}

int64 StatsSince() {
    return static_cast<int64>(core::Get(store::RequireSegment().header->stats_since_us));
}

// Returns pairs of a bucket's number and its count.
ArrayType* BucketsOf(const core::TallySnapshot* counts) {
    auto* pairs = static_cast<Datum*>(
        palloc(sizeof(Datum) * 2 * (core::kOctaves * core::kBucketsPerOctave + 1)));
    int count = 0;
    if (counts != nullptr && counts->below != 0) {
        pairs[count++] = Int64GetDatum(kBelow);
        pairs[count++] = Int64GetDatum(static_cast<int64>(counts->below));
    }
    for (int octave = 0; counts != nullptr && octave < core::kOctaves; ++octave) {
        for (int bucket = 0; bucket < core::kBucketsPerOctave; ++bucket) {
            if ((counts->present >> octave & 1) != 0 && counts->counts[octave][bucket] != 0) {
                pairs[count++] = Int64GetDatum(NumberOf(octave, bucket));
                pairs[count++] = Int64GetDatum(static_cast<int64>(counts->counts[octave][bucket]));
            }
        }
    }
    return construct_array(pairs, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

}  // namespace

void NoteLatencyBefore(int64 build, Oid table) {
    const core::TallySnapshot* counts = CountsOf(table);
    if (counts == nullptr || counts->Executions() == 0) {
        return;
    }
    RunOnJournal(
        "update @journal"
        " set calls_before = $2, p95_before = $3 where id = $1",
        {Bigint(build), Bigint(static_cast<int64>(counts->Executions())),
         Double(counts->QuantileNs(0.95) / 1e6)});
}

void NoteLatencyThen(int64 build, Oid table) {
    RunOnJournal(
        "update @journal set counts_then = $2, stats_since = $3"
        " where id = $1",
        {Bigint(build),
         {INT8ARRAYOID, PointerGetDatum(BucketsOf(CountsOf(table)))},
         {TIMESTAMPTZOID, TimestampTzGetDatum(StatsSince())}});
}

// A reset or a restart begins to count anew. Then nothing is subtracted.
LatencySince SelectsSince(Oid table, ArrayType* counts_then, TimestampTz stats_since) {
    core::TallySnapshot* counts = CountsOf(table);
    if (counts == nullptr) {
        return {0, 0};
    }
    if (stats_since == StatsSince()) {
        Datum* pairs = nullptr;
        int count = 0;
        deconstruct_array(counts_then, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
                          &pairs, nullptr, &count);
        for (int at = 0; at + 1 < count; at += 2) {
            const int64 number = DatumGetInt64(pairs[at]);
            const auto then = static_cast<uint64>(DatumGetInt64(pairs[at + 1]));
            if (number == kBelow) {
                counts->below -= Min(counts->below, then);
            } else if (number >= 0 && number < core::kOctaves * core::kBucketsPerOctave) {
                counts->TakeOut(static_cast<int>(number) / core::kBucketsPerOctave,
                                static_cast<int>(number) % core::kBucketsPerOctave, then);
            }
        }
        counts->above = 0;
    }
    return {static_cast<int64>(counts->InBuckets() + counts->below),
            counts->QuantileNs(0.95) / 1e6};
}

}  // namespace elile::indexes
