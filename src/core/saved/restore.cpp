#include "core/saved/restore.hpp"

#include <algorithm>
#include <bit>

#include "core/limits.hpp"
#include "core/saved/failure_records.hpp"
#include "core/saved/names.hpp"
#include "core/saved/pool_records.hpp"
#include "core/saved/slow_records.hpp"
#include "core/snapshot/parts.hpp"
#include "core/statements/table.hpp"

namespace elile::core {
namespace {

// The number of binary digits tells how often a statement ran.
constexpr int kMostDigits = 64;

int DigitsOf(const SavedStatement& statement) noexcept {
    return std::bit_width(statement.counters.tally.Executions());
}

void RestoreHistory(PlanHistory& history, const SavedHistory& saved, const SavedTexts& texts,
                    TextCopies& details) noexcept {
    const HistoryTurn turn(history);
    if (!turn.IsTaken() || Get(history.seen) != 0 || saved.seen == 0) {
        return;
    }
    Put(history.seen, saved.seen);
    Put(history.regressed, saved.regressed ? 1 : 0);
    Put(history.changed_at_us, saved.changed_at_us);
    Put(history.current, saved.current);
    Put(history.runs, saved.runs);
    Put(history.total_ns, saved.total_ns);
    Put(history.previous_mean_ns, saved.previous_mean_ns);
    for (std::size_t place = 0; place < kPlansKept; ++place) {
        const SavedText& text = texts.plans[place];
        const bool is_kept = !text.text.empty() && texts.plan_ids[place] == saved.ids[place];
        Put(history.ids[place], saved.ids[place]);
        Put(history.texts[place], is_kept ? details.Take(text) : 0);
    }
}

}  // namespace

template <typename Record, typename AddOne>
void Restoring::ForEach(RecordKind kind, Record& record, AddOne add) noexcept {
    content_.ForEach(kind, [&](Cell& cell) {
        ByteReader in(cell.body);
        ReadRecord(in, record);
        if (in.IsSound()) {
            add(cell);
        } else {
            ++counts_.unsound;
        }
    });
}

void Restoring::Run(bool goes_on) noexcept {
    RestoreNames(RecordKind::kDatabase, segment_.databases);
    RestoreNames(RecordKind::kTable, segment_.tables);
    RestoreStatements();
    ForEach(RecordKind::kLeftover, leftover_, [this](const Cell&) {
        AddToLeftover(
            {TableBy(segment_.tables, leftover_.table), leftover_.operation, leftover_.toplevel},
            leftover_.table.dbid, leftover_.tally);
    });
    RestoreOthers(RestoreServer(goes_on));
}

// What other parts have is read and added by themselves.
void Restoring::RestoreOthers(bool goes_on) noexcept {
    const auto each = [this](RecordKind kind, auto add) {
        content_.ForEach(kind, [&](const Cell& cell) {
            ByteReader in(cell.body);
            add(in);
            counts_.unsound += in.IsSound() ? 0 : 1;
        });
    };
    each(RecordKind::kFailure, [this](ByteReader& in) { RestoreFailure(segment_, in); });
    each(RecordKind::kErrors, [&](ByteReader& in) { RestoreErrors(segment_, in, goes_on); });
    each(RecordKind::kLastSlow, [this](ByteReader& in) { RestoreLastSlow(segment_, in); });
    each(RecordKind::kSlow,
         [this](ByteReader& in) { RestoreSlow(segment_, in, statement_texts_, details_); });
    each(RecordKind::kPattern,
         [this](ByteReader& in) { RestorePattern(segment_, in, statement_texts_); });
    each(RecordKind::kLoops, [this](ByteReader& in) { RestoreLoops(segment_, in); });
    each(RecordKind::kLimit, [&](ByteReader& in) { RestoreLimit(segment_, in, goes_on); });
    each(RecordKind::kPoolReport, [this](ByteReader& in) { RestorePoolReport(segment_, in); });
    each(RecordKind::kRefusals, [this](ByteReader& in) { RestoreRefusals(segment_, in); });
    RestoringPools pools(segment_);
    each(RecordKind::kPool, [&](ByteReader& in) { pools.Add(in); });
    pools.Publish();
}

// Tables that found no room share a series, which would rise by what it never showed. So series go
// on only where there is as much room as before.
bool Restoring::RestoreServer(bool goes_on) noexcept {
    const SegmentSizes& sizes = segment_.header->sizes;
    bool has_room = false;
    ForEach(RecordKind::kServer, server_, [&](const Cell&) {
        Put(segment_.header->stats_since_us, server_.stats_since_us);
        has_room = server_.tables == sizes.tables && server_.series_tables == sizes.series_tables;
    });
    if (goes_on && has_room) {
        RestoreOrigins();
    } else {
        segment_.snapshot.BeginAnew();
    }
    return goes_on && has_room;
}

void Restoring::RestoreNames(RecordKind kind, TableDirectory& directory) noexcept {
    ForEach(kind, names_, [&](const Cell&) {
        if (names_.key == TableDirectory::DroppedIn(names_.key.dbid)) {
            directory.InsertReserved(names_.key, names_.names, names_.encoding);
        } else {
            directory.Insert(names_.key, names_.names, names_.encoding);
        }
    });
}

void Restoring::AddToLeftover(const Target& target, std::uint32_t dbid,
                              const TallySnapshot& tally) noexcept {
    store_.WithLeftover(target, dbid, [&](Tally& leftover) {
        AddSavedTo(tally, leftover, segment_.statements.octaves);
    });
}

// Those that ran most often come first, to entries and to the memory of texts. What could not be
// read has no weight.
void Restoring::RestoreStatements() noexcept {
    ForEach(RecordKind::kStatement, statement_, [this](Cell& cell) {
        cell.weight = static_cast<std::uint8_t>(1 + DigitsOf(statement_));
    });
    for (int weight = 1 + kMostDigits; weight > 0; --weight) {
        content_.ForEach(RecordKind::kStatement, [&](const Cell& cell) {
            if (cell.weight == weight) {
                ByteReader in(cell.body);
                ReadRecord(in, statement_);
                AddStatement(cell.place);
            }
        });
    }
}

void Restoring::ReadTexts(std::uint32_t place) noexcept {
    ByteReader in(content_.Find(RecordKind::kTexts, place));
    ReadRecord(in, texts_);
    if (!in.IsSound()) {
        texts_ = SavedTexts();
    }
}

void Restoring::RestoreEntry(Entry& entry) noexcept {
    AddSavedTo(statement_.counters, entry.counters, segment_.statements.octaves);
    Put(entry.created_at_us, std::min(Get(entry.created_at_us), statement_.created_at_us));
    Put(entry.weight, std::max(Get(entry.weight), statement_.weight));
    if (statement_.is_estimated) {
        entry.flags.fetch_or(kEstimated, std::memory_order_relaxed);
    }
    RestoreHistory(entry.history, statement_.history, texts_, details_);
}

void Restoring::AddStatement(std::uint32_t place) noexcept {
    const Target target{TableBy(segment_.tables, statement_.table), statement_.operation,
                        statement_.key.toplevel};
    if (counts_.statements < segment_.statements.most) {
        ReadTexts(place);
        statement_.key.table = target.table;
        const Handle handle =
            store_.Insert(statement_.key, {target, statement_texts_.Take(texts_.statement),
                                           statement_.created_at_us, statement_.origin});
        if (store_.WithEntry(handle, [this](Entry& entry) { RestoreEntry(entry); })) {
            ++counts_.statements;
            return;
        }
    }
    ++counts_.folded;
    AddToLeftover(target, statement_.key.dbid, statement_.counters.tally);
}

void Restoring::RestoreOrigins() noexcept {
    const SeriesLayout layout = segment_.snapshot.layout;
    ForEach(RecordKind::kSeriesOrigin, origin_, [&](const Cell&) {
        const TableDirectory& directory = origin_.is_of_table
                                              ? static_cast<TableDirectory&>(segment_.tables)
                                              : segment_.databases;
        const std::uint32_t owner =
            origin_.owner == TableKey{} ? kOtherTables : directory.Find(origin_.owner);
        const std::uint32_t index = owner != kNoIndex ? TableDirectory::IndexOf(owner) : kNoIndex;
        if (origin_.is_of_table && index <= layout.tables) {
            segment_.snapshot.origins[layout.OfTable(index, origin_.operation)] = origin_.counted;
        } else if (!origin_.is_of_table && index < kDatabases + 1) {
            segment_.snapshot.origins[layout.OfDatabase(index, origin_.operation)] =
                origin_.counted;
        }
    });
}

}  // namespace elile::core
