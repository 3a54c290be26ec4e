#include "core/saved/slow_records.hpp"

#include "core/n_plus_one/table.hpp"
#include "core/saved/names.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/statement.hpp"

namespace elile::core {
namespace {

void WriteSlowFigures(const SlowRecord& record, ByteWriter& out) noexcept {
    out.Number(record.id);
    out.Number(static_cast<std::uint64_t>(record.started_at_us));
    out.Number(record.duration_ns);
    out.Number(record.elapsed_ns);
    out.Number(record.planned_ns);
    out.Number(static_cast<std::uint64_t>(record.threshold_us));
    out.Fixed(record.queryid);
    out.Number(record.rows);
    out.Fixed(record.plan_id);
    out.Number(record.dbid);
    out.Number(record.userid);
    out.Number(record.pid);
    out.Number(record.sqlstate);
    out.Number(record.toplevel);
    out.Number(record.operation);
    out.Number(record.address_family);
    out.Number(record.has_elapsed);
    out.Text({reinterpret_cast<const char*>(record.address), sizeof(record.address)});
    WriteName(out, record.application_name);
}

void ReadSlowFigures(ByteReader& in, SlowRecord& record) noexcept {
    record = {};
    record.id = in.Number();
    record.started_at_us = static_cast<std::int64_t>(in.Number());
    record.duration_ns = in.Number();
    record.elapsed_ns = in.Number();
    record.planned_ns = in.Number();
    record.threshold_us = static_cast<std::int64_t>(in.Number());
    record.queryid = in.Fixed();
    record.rows = in.Number();
    record.plan_id = in.Fixed();
    record.dbid = in.NumberUpTo(UINT32_MAX);
    record.userid = in.NumberUpTo(UINT32_MAX);
    record.pid = in.NumberUpTo(UINT32_MAX);
    record.sqlstate = in.NumberUpTo(UINT32_MAX);
    record.toplevel = static_cast<std::uint8_t>(in.NumberUpTo(1));
    record.operation = static_cast<std::uint8_t>(in.NumberUpTo(UINT8_MAX));
    record.operation = record.operation < kOperations ? record.operation : kNoOperation;
    record.address_family = static_cast<std::uint8_t>(in.NumberUpTo(6));
    record.has_elapsed = static_cast<std::uint8_t>(in.NumberUpTo(1));
    in.Text().copy(reinterpret_cast<char*>(record.address), sizeof(record.address));
    ReadName(in, record.application_name);
}

}  // namespace

// The texts are the record's only if it is still there after they were read.
void WriteSlow(const Segment& segment, std::uint32_t place, TextScratch& texts,
               ByteWriter& out) noexcept {
    SlowRecord record;
    if (!segment.ring.ReadAt(place, &record)) {
        return;
    }
    texts.Clear();
    const SavedText text = texts.Copy(segment.texts, record.text);
    const SavedText plan = texts.Copy(segment.details, record.plan);
    const SavedText parameters = texts.Copy(segment.details, record.parameters);
    if (!segment.ring.Holds(record.id)) {
        return;
    }
    WriteSlowFigures(record, out);
    WriteKey(out, KeyFor(segment.tables, record.table, record.dbid));
    WriteText(out, text);
    WriteText(out, plan);
    WriteText(out, parameters);
}

void RestoreSlow(Segment& segment, ByteReader& in, TextCopies& texts,
                 TextCopies& details) noexcept {
    SlowRecord record;
    ReadSlowFigures(in, record);
    const TableKey key = ReadKey(in);
    const SavedText text = ReadText(in);
    const SavedText plan = ReadText(in);
    const SavedText parameters = ReadText(in);
    if (!in.IsSound()) {
        return;
    }
    record.table = TableBy(segment.tables, key);
    record.text = texts.Take(text);
    record.plan = details.Take(plan);
    record.parameters = details.Take(parameters);
    segment.ring.Restore(record);
}

void WriteLastSlow(const Segment& segment, ByteWriter& out) noexcept {
    out.Number(segment.ring.LastId());
}

void RestoreLastSlow(Segment& segment, ByteReader& in) noexcept {
    constexpr std::uint64_t kMost = UINT64_C(1) << 48;
    const std::uint64_t last = in.Number();
    if (in.IsSound() && last < kMost) {
        segment.ring.RaiseLastId(last);
    }
}

void WritePattern(const Segment& segment, std::uint32_t place, TextScratch& texts,
                  ByteWriter& out) noexcept {
    const NPlusOneTable& patterns = segment.n_plus_one;
    NPlusOneCopy copy;
    if (!patterns.Read(place, &copy)) {
        return;
    }
    texts.Clear();
    const SavedText parent = texts.Copy(segment.texts, copy.parent_text);
    const SavedText child = texts.Copy(segment.texts, copy.child_text);
    const SavedText suggestion = texts.Copy(patterns.Suggestions(), copy.suggestion);
    TableNames application{};
    std::uint32_t encoding = 0;
    const bool has_name =
        patterns.Applications().Read(copy.key.application, &application, &encoding);
    if (!patterns.Holds(copy)) {
        return;
    }
    out.Number(copy.key.database);
    out.Number(copy.key.user);
    out.Number(has_name && copy.key.application != 0 ? 1 : 0);
    out.Number(encoding);
    WriteName(out, application.table);
    out.Fixed(copy.key.parent);
    out.Fixed(copy.key.child);
    WriteKey(out, KeyFor(segment.tables, copy.table, copy.key.database));
    out.Number(static_cast<std::uint64_t>(copy.evidence));
    WriteText(out, parent);
    WriteText(out, child);
    WriteText(out, suggestion);
    for (const std::uint64_t figure : {copy.changing, copy.occurrences, copy.runs, copy.total_ns,
                                       copy.most_runs, copy.first_seen_us, copy.last_seen_us}) {
        out.Number(figure);
    }
    out.Real(copy.cost_before);
    out.Real(copy.cost_after);
}

void RestorePattern(Segment& segment, ByteReader& in, TextCopies& texts) noexcept {
    NPlusOneCopy copy{};
    NPlusOneTable& patterns = segment.n_plus_one;
    TableNames application{};
    copy.key.database = in.NumberUpTo(UINT32_MAX);
    copy.key.user = in.NumberUpTo(UINT32_MAX);
    const bool has_name = in.NumberUpTo(1) != 0;
    const std::uint32_t encoding = in.NumberUpTo(UINT32_MAX);
    ReadName(in, application.table);
    copy.key.parent = in.Fixed();
    copy.key.child = in.Fixed();
    copy.table = TableBy(segment.tables, ReadKey(in));
    copy.evidence =
        static_cast<Evidence>(in.NumberUpTo(static_cast<std::uint32_t>(Evidence::kPlanned)));
    const SavedText parent = ReadText(in);
    const SavedText child = ReadText(in);
    const SavedText suggestion = ReadText(in);
    for (std::uint64_t* figure : {&copy.changing, &copy.occurrences, &copy.runs, &copy.total_ns,
                                  &copy.most_runs, &copy.first_seen_us, &copy.last_seen_us}) {
        *figure = in.Number();
    }
    copy.cost_before = in.Real();
    copy.cost_after = in.Real();
    if (!in.IsSound() || copy.first_seen_us == 0) {
        return;
    }
    if (has_name) {
        copy.key.application = patterns.Applications().Insert(
            {0, 0, TableDirectory::HashNames(application)}, application, encoding);
    }
    copy.parent_text = texts.Take(parent);
    copy.child_text = texts.Take(child);
    copy.suggestion = suggestion.text.empty()
                          ? 0
                          : patterns.Suggestions().Store(suggestion.text, suggestion.encoding);
    patterns.Restore(copy);
}

void WriteLoops(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept {
    const std::uint64_t loops = segment.n_plus_one.LoopsOf(place);
    if (loops != 0) {
        WriteKey(out, segment.tables.KeyOf(place));
        out.Number(loops);
    }
}

void RestoreLoops(Segment& segment, ByteReader& in) noexcept {
    const TableKey key = ReadKey(in);
    const std::uint64_t loops = in.Number();
    if (in.IsSound()) {
        segment.n_plus_one.RestoreLoops(TableBy(segment.tables, key), loops);
    }
}

}  // namespace elile::core
