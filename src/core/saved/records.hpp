// A record is what is saved of one place: a table's or a database's names, a statement, its texts,
// what evicted statements left, where an exported series begins.
//
// A record names its table by the table's key, since places in a directory change. So each record
// can be read alone, and one that is damaged takes no other with it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/saved/figures.hpp"
#include "core/saved/text_copies.hpp"
#include "core/shared/table_directory.hpp"
#include "core/snapshot/snapshot.hpp"
#include "core/statements/statement.hpp"

namespace elile::core {

// The numbers stand in files. A place of a kind has at most one record that counts.
enum class RecordKind : std::uint8_t {
    kServer = 1,
    kDatabase,
    kTable,
    kStatement,
    kTexts,
    kLeftover,
    kSeriesOrigin,
    kFailure,
    kErrors,
    kLastSlow,
    kSlow,
    kPattern,
    kLoops,
    kLimit,
    kPool,
    kPoolReport,
    kRefusals
};

struct SavedServer {
    std::uint64_t stats_since_us = 0;  // microseconds since 2000-01-01 UTC
    std::uint32_t tables = 0;          // room, as SegmentSizes have it
    std::uint32_t series_tables = 0;
};

// A table, or a database by (dbid, 0).
struct SavedNames {
    TableKey key{};
    TableNames names{};
    std::uint32_t encoding = 0;
};

// The texts change seldom, and are written apart from the figures. They have the statement's place.
struct SavedTexts {
    SavedText statement;
    std::array<std::uint64_t, kPlansKept> plan_ids{};
    std::array<SavedText, kPlansKept> plans{};
};

struct SavedHistory {
    std::uint32_t seen = 0;
    bool regressed = false;
    std::uint64_t changed_at_us = 0;
    std::uint64_t current = 0;
    std::uint64_t runs = 0;
    std::uint64_t total_ns = 0;
    std::uint64_t previous_mean_ns = 0;
    std::array<std::uint64_t, kPlansKept> ids{};
};

struct SavedStatement {
    StatementKey key{};  // its table is not that of the segment
    TableKey table{};
    Operation operation = Operation::kUtility;
    bool is_estimated = false;
    StatementOrigin origin = StatementOrigin::kApplication;
    std::uint64_t created_at_us = 0;
    std::uint32_t weight = 0;
    SavedCounters counters;
    SavedHistory history;
};

struct SavedLeftover {
    TableKey table{};
    Operation operation = Operation::kUtility;
    bool toplevel = true;
    TallySnapshot tally;
};

// The figures at which an exported series began from zero.
struct SavedOrigin {
    TableKey owner{};  // a database has no relid and no hash of a name
    bool is_of_table = false;
    Operation operation = Operation::kUtility;
    SeriesCounters counted{};
};

// These write and read what stands in the place, without its kind. The reader tells afterwards
// whether it was sound. Texts lead into the bytes that were read.
void WriteRecord(ByteWriter& out, const SavedServer& server) noexcept;
void WriteRecord(ByteWriter& out, const SavedNames& names) noexcept;
void WriteRecord(ByteWriter& out, const SavedStatement& statement) noexcept;
void WriteRecord(ByteWriter& out, const SavedTexts& texts) noexcept;
void WriteRecord(ByteWriter& out, const SavedLeftover& leftover) noexcept;
void WriteRecord(ByteWriter& out, const SavedOrigin& origin) noexcept;

void ReadRecord(ByteReader& in, SavedServer& server) noexcept;
void ReadRecord(ByteReader& in, SavedNames& names) noexcept;
void ReadRecord(ByteReader& in, SavedStatement& statement) noexcept;
void ReadRecord(ByteReader& in, SavedTexts& texts) noexcept;
void ReadRecord(ByteReader& in, SavedLeftover& leftover) noexcept;
void ReadRecord(ByteReader& in, SavedOrigin& origin) noexcept;

}  // namespace elile::core
