#include "core/saved/walk.hpp"

#include "core/failures/table.hpp"
#include "core/limits.hpp"
#include "core/n_plus_one/table.hpp"
#include "core/saved/failure_records.hpp"
#include "core/saved/names.hpp"
#include "core/saved/pool_records.hpp"
#include "core/saved/slow_records.hpp"
#include "core/snapshot/parts.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/table.hpp"

namespace elile::core {
namespace {

void WriteNames(ByteWriter& out, const TableDirectory& directory, std::uint32_t index) noexcept {
    SavedNames names;
    names.key = directory.KeyOf(index);
    if (directory.IsUsed(index) &&
        directory.Read(directory.At(index), &names.names, &names.encoding)) {
        WriteRecord(out, names);
    }
}

std::uint32_t CountEntries(const Segment& segment) noexcept {
    return static_cast<std::uint32_t>(segment.statements.entries.size());
}

}  // namespace

struct SaveWalk::Source {
    RecordKind kind;
    std::uint32_t (*places)(const Segment& segment);
    void (*write)(SaveWalk& walk, std::uint32_t place, ByteWriter& out);
};

const std::array<SaveWalk::Source, 17> SaveWalk::kSources = {{
    {RecordKind::kServer, [](const Segment&) { return std::uint32_t{1}; },
     [](SaveWalk& walk, std::uint32_t, ByteWriter& out) { walk.WriteServer(out); }},
    {RecordKind::kDatabase, [](const Segment& segment) { return segment.databases.Size(); },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WriteNames(out, walk.segment_.databases, place);
     }},
    {RecordKind::kTable, [](const Segment& segment) { return segment.tables.Size(); },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WriteNames(out, walk.segment_.tables, place);
     }},
    {RecordKind::kStatement, CountEntries,
     [](SaveWalk& walk, std::uint32_t slot, ByteWriter& out) { walk.WriteStatement(slot, out); }},
    {RecordKind::kTexts, CountEntries,
     [](SaveWalk& walk, std::uint32_t slot, ByteWriter& out) { walk.WriteTexts(slot, out); }},
    {RecordKind::kLeftover,
     [](const Segment& segment) {
         return static_cast<std::uint32_t>(segment.statements.leftovers.size());
     },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) { walk.WriteLeftover(place, out); }},
    {RecordKind::kSeriesOrigin,
     [](const Segment& segment) { return segment.snapshot.layout.Size(); },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) { walk.WriteOrigin(place, out); }},
    {RecordKind::kFailure, [](const Segment&) { return kFailures; },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WriteFailure(walk.segment_, place, out);
     }},
    {RecordKind::kErrors, [](const Segment&) { return kErrorDatabases; },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WriteErrors(walk.segment_, place, out);
     }},
    {RecordKind::kLastSlow, [](const Segment&) { return std::uint32_t{1}; },
     [](SaveWalk& walk, std::uint32_t, ByteWriter& out) { WriteLastSlow(walk.segment_, out); }},
    {RecordKind::kSlow, [](const Segment& segment) { return segment.ring.Size(); },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WriteSlow(walk.segment_, place, walk.texts_, out);
     }},
    {RecordKind::kPattern, [](const Segment&) { return kNPlusOnePatterns; },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WritePattern(walk.segment_, place, walk.texts_, out);
     }},
    {RecordKind::kLoops, [](const Segment& segment) { return segment.tables.Size(); },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WriteLoops(walk.segment_, place, out);
     }},
    {RecordKind::kLimit, [](const Segment&) { return SavedLimits(); },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WriteLimit(walk.segment_, place, out);
     }},
    {RecordKind::kPool, [](const Segment&) { return kSavedPools; },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WritePool(walk.segment_, place, out);
     }},
    {RecordKind::kPoolReport, [](const Segment&) { return kSavedPoolReports; },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WritePoolReport(walk.segment_, place, out);
     }},
    {RecordKind::kRefusals, [](const Segment&) { return kSavedRefusals; },
     [](SaveWalk& walk, std::uint32_t place, ByteWriter& out) {
         WriteRefusals(walk.segment_, place, out);
     }},
}};

std::size_t SaveWalk::Places(const Segment& segment) noexcept {
    std::size_t places = 0;
    for (const Source& source : kSources) {
        places += source.places(segment);
    }
    return places;
}

bool SaveWalk::Next(Place* place, ByteWriter& out) noexcept {
    while (source_ < kSources.size() && place_ >= kSources[source_].places(segment_)) {
        ++source_;
        place_ = 0;
    }
    if (source_ == kSources.size()) {
        return false;
    }
    const Source& source = kSources[source_];
    *place = {number_++, source.kind, place_};
    source.write(*this, place_++, out);
    return true;
}

void SaveWalk::WriteServer(ByteWriter& out) noexcept {
    const SegmentHeader& header = *segment_.header;
    WriteRecord(out, SavedServer{Get(header.stats_since_us), header.sizes.tables,
                                 header.sizes.series_tables});
}

// A retired entry, which is not folded yet, is saved as a live one. Its key may be there twice
// then, and both are added to one.
void SaveWalk::WriteStatement(std::uint32_t slot, ByteWriter& out) noexcept {
    const StatementTable& statements = segment_.statements;
    Entry& entry = statements.entries[slot];
    if (!IsCounted(entry)) {
        return;
    }
    const Target target = TargetOf(entry);
    statement_.key = KeyOf(entry);
    statement_.table = KeyFor(segment_.tables, target.table, statement_.key.dbid);
    statement_.operation = target.operation;
    statement_.origin = StatementOriginOf(entry);
    statement_.is_estimated = (Get(entry.flags) & kEstimated) != 0;
    statement_.created_at_us = Get(entry.created_at_us);
    statement_.weight = Get(entry.weight);
    statement_.counters = SavedCounters();
    statements.ForEachCounters(entry, [&](const Counters& unit) {
        AddUnit(unit, statements.octaves, statement_.counters);
    });
    SavedHistory& history = statement_.history;
    history = SavedHistory();
    VisitHistory(entry.history, [&](const PlanHistory& from) {
        history.seen = Get(from.seen);
        history.regressed = Get(from.regressed) != 0;
        history.changed_at_us = Get(from.changed_at_us);
        history.current = Get(from.current);
        history.runs = Get(from.runs);
        history.total_ns = Get(from.total_ns);
        history.previous_mean_ns = Get(from.previous_mean_ns);
        for (std::size_t place = 0; place < kPlansKept; ++place) {
            history.ids[place] = Get(from.ids[place]);
        }
    });
    if (statement_.counters.tally.Executions() != 0 || statement_.counters.plans.plans != 0) {
        WriteRecord(out, statement_);
    }
}

// Plans' texts are the copy's own until they are read, for a session may replace the history's.
void SaveWalk::WriteTexts(std::uint32_t slot, ByteWriter& out) noexcept {
    Entry& entry = segment_.statements.entries[slot];
    if (!IsCounted(entry)) {
        return;
    }
    texts_.Clear();
    SavedTexts texts;
    texts.statement = texts_.Copy(segment_.texts, Get(entry.text));
    std::array<std::uint32_t, kPlansKept> plans{};
    VisitHistory(entry.history, [&](const PlanHistory& from) {
        for (std::size_t place = 0; place < kPlansKept; ++place) {
            texts.plan_ids[place] = Get(from.ids[place]);
            plans[place] = Get(from.texts[place]);
            segment_.details.AddReference(plans[place]);
        }
    });
    bool has_text = !texts.statement.text.empty();
    for (std::size_t place = 0; place < kPlansKept; ++place) {
        texts.plans[place] = texts_.Copy(segment_.details, plans[place]);
        segment_.details.Release(plans[place]);
        has_text = has_text || !texts.plans[place].text.empty();
    }
    if (has_text) {
        WriteRecord(out, texts);
    }
}

void SaveWalk::WriteLeftover(std::uint32_t place, ByteWriter& out) noexcept {
    const StatementTable& statements = segment_.statements;
    if (!HasCounted(statements.leftovers[place])) {
        return;
    }
    const Target target = TargetAt(place);
    leftover_.table = segment_.tables.KeyOf(target.table);
    leftover_.operation = target.operation;
    leftover_.toplevel = target.toplevel;
    leftover_.tally = TallySnapshot();
    leftover_.tally.AddTally(statements.leftovers[place], statements.octaves);
    WriteRecord(out, leftover_);
}

void SaveWalk::WriteOrigin(std::uint32_t place, ByteWriter& out) noexcept {
    const SeriesLayout layout = segment_.snapshot.layout;
    const SeriesCounters& counted = segment_.snapshot.origins[place];
    if (!is_last_ || counted.queries == 0) {
        return;
    }
    const bool is_of_table = layout.IsOfTable(place);
    const TableDirectory& directory =
        is_of_table ? static_cast<TableDirectory&>(segment_.tables) : segment_.databases;
    WriteRecord(out, SavedOrigin{directory.KeyOf(layout.IndexOf(place)), is_of_table,
                                 SeriesLayout::OperationOf(place), counted});
}

}  // namespace elile::core
