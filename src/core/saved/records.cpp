#include "core/saved/records.hpp"

#include <bit>

#include "core/saved/names.hpp"
#include "core/shared/text_pool.hpp"

namespace elile::core {
namespace {

constexpr int kSavedOriginShift = 4;

using SeriesWords = std::array<std::uint64_t, kSeriesWords>;

Operation ReadOperation(ByteReader& in) noexcept {
    return static_cast<Operation>(in.NumberUpTo(kOperations - 1));
}

void WriteHistory(ByteWriter& out, const SavedHistory& history) noexcept {
    out.Number(history.seen);
    if (history.seen == 0) {
        return;
    }
    out.Number(history.regressed ? 1 : 0);
    out.Number(history.changed_at_us);
    out.Fixed(history.current);
    out.Number(history.runs);
    out.Number(history.total_ns);
    out.Number(history.previous_mean_ns);
    for (std::size_t place = 0; place < kPlansKept; ++place) {
        out.Fixed(history.ids[place]);
    }
}

void ReadHistory(ByteReader& in, SavedHistory& history) noexcept {
    history = SavedHistory();
    history.seen = in.NumberUpTo(UINT32_MAX);
    if (history.seen == 0) {
        return;
    }
    history.regressed = in.NumberUpTo(1) != 0;
    history.changed_at_us = in.Number();
    history.current = in.Fixed();
    history.runs = in.Number();
    history.total_ns = in.Number();
    history.previous_mean_ns = in.Number();
    for (std::size_t place = 0; place < kPlansKept; ++place) {
        history.ids[place] = in.Fixed();
    }
}

}  // namespace

void WriteRecord(ByteWriter& out, const SavedServer& server) noexcept {
    out.Number(server.stats_since_us);
    out.Number(server.tables);
    out.Number(server.series_tables);
}

void ReadRecord(ByteReader& in, SavedServer& server) noexcept {
    server.stats_since_us = in.Number();
    server.tables = in.NumberUpTo(UINT32_MAX);
    server.series_tables = in.NumberUpTo(UINT32_MAX);
}

void WriteRecord(ByteWriter& out, const SavedNames& names) noexcept {
    WriteKey(out, names.key);
    out.Number(names.encoding);
    WriteName(out, names.names.schema);
    WriteName(out, names.names.table);
}

void ReadRecord(ByteReader& in, SavedNames& names) noexcept {
    names.key = ReadKey(in);
    names.encoding = in.NumberUpTo(UINT32_MAX);
    ReadName(in, names.names.schema);
    ReadName(in, names.names.table);
}

void WriteRecord(ByteWriter& out, const SavedStatement& statement) noexcept {
    const StatementKey& key = statement.key;
    out.Fixed(key.queryid);
    out.Number(key.userid);
    out.Number(key.dbid);
    out.Number((key.toplevel ? 1U : 0U) | (key.unidentified ? 2U : 0U) |
               (statement.is_estimated ? 4U : 0U) | (key.text_hash != 0 ? 8U : 0U) |
               static_cast<std::uint32_t>(statement.origin) << kSavedOriginShift);
    if (key.text_hash != 0) {
        out.Fixed(key.text_hash);
    }
    WriteKey(out, statement.table);
    out.Number(static_cast<std::uint64_t>(statement.operation));
    out.Number(statement.created_at_us);
    out.Number(statement.weight);
    WriteCounters(out, statement.counters);
    WriteHistory(out, statement.history);
}

void ReadRecord(ByteReader& in, SavedStatement& statement) noexcept {
    StatementKey& key = statement.key;
    key = StatementKey();
    key.queryid = in.Fixed();
    key.userid = in.NumberUpTo(UINT32_MAX);
    key.dbid = in.NumberUpTo(UINT32_MAX);
    constexpr std::uint32_t kMostFlags = (kStatementOrigins << kSavedOriginShift) - 1;
    const std::uint32_t flags = in.NumberUpTo(kMostFlags);
    key.toplevel = (flags & 1) != 0;
    key.unidentified = (flags & 2) != 0;
    statement.is_estimated = (flags & 4) != 0;
    key.text_hash = (flags & 8) != 0 ? in.Fixed() : 0;
    statement.origin = static_cast<StatementOrigin>(flags >> kSavedOriginShift);
    statement.table = ReadKey(in);
    statement.operation = ReadOperation(in);
    statement.created_at_us = in.Number();
    statement.weight = in.NumberUpTo(UINT32_MAX);
    ReadCounters(in, statement.counters);
    ReadHistory(in, statement.history);
}

void WriteRecord(ByteWriter& out, const SavedTexts& texts) noexcept {
    WriteText(out, texts.statement);
    for (std::size_t place = 0; place < kPlansKept; ++place) {
        out.Number(texts.plans[place].text.empty() ? 0 : 1);
        if (!texts.plans[place].text.empty()) {
            out.Fixed(texts.plan_ids[place]);
            WriteText(out, texts.plans[place]);
        }
    }
}

void ReadRecord(ByteReader& in, SavedTexts& texts) noexcept {
    texts = SavedTexts();
    texts.statement = ReadText(in);
    for (std::size_t place = 0; place < kPlansKept; ++place) {
        if (in.NumberUpTo(1) != 0) {
            texts.plan_ids[place] = in.Fixed();
            texts.plans[place] = ReadText(in);
        }
    }
}

void WriteRecord(ByteWriter& out, const SavedLeftover& leftover) noexcept {
    WriteKey(out, leftover.table);
    out.Number(static_cast<std::uint64_t>(leftover.operation));
    out.Number(leftover.toplevel ? 1 : 0);
    WriteTally(out, leftover.tally);
}

void ReadRecord(ByteReader& in, SavedLeftover& leftover) noexcept {
    leftover.table = ReadKey(in);
    leftover.operation = ReadOperation(in);
    leftover.toplevel = in.NumberUpTo(1) != 0;
    ReadTally(in, leftover.tally);
}

void WriteRecord(ByteWriter& out, const SavedOrigin& origin) noexcept {
    WriteKey(out, origin.owner);
    out.Number(origin.is_of_table ? 1 : 0);
    out.Number(static_cast<std::uint64_t>(origin.operation));
    for (const std::uint64_t word : std::bit_cast<SeriesWords>(origin.counted)) {
        out.Number(word);
    }
}

void ReadRecord(ByteReader& in, SavedOrigin& origin) noexcept {
    origin.owner = ReadKey(in);
    origin.is_of_table = in.NumberUpTo(1) != 0;
    origin.operation = ReadOperation(in);
    SeriesWords words;
    for (std::uint64_t& word : words) {
        word = in.Number();
    }
    origin.counted = std::bit_cast<SeriesCounters>(words);
}

}  // namespace elile::core
