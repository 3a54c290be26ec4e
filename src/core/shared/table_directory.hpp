// The directory has the tables that statements work on, by database and oid, with the names that
// sessions saw last.
//
// Entries are never taken away: an index stays good for the life of the segment. Index 0 stands
// for all tables that found no room. Names are guarded by a sequence lock; a writer that finds
// another one writing leaves it to that one.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "core/shared/atomics.hpp"
#include "core/shared/index_stack.hpp"
#include "core/shared/names.hpp"
#include "core/shared/part.hpp"
#include "core/shared/sequence_lock.hpp"

namespace elile::core {

inline constexpr std::uint32_t kOtherTables = 0;

struct TableNames {
    char schema[kNameBytes];
    char table[kNameBytes];
};

// relid 0 stands for a table that is known by name only (temporary, or reported by an application),
// or for none.
struct TableKey {
    std::uint32_t dbid;
    std::uint32_t relid;
    std::uint64_t name_hash;

    bool operator==(const TableKey&) const noexcept = default;
};

// It lies in shared memory. The key is constant once the index is in a cell.
struct alignas(kCacheLine) TableEntry {
    Word database_and_relid;
    Word name_hash;
    SequenceLock<std::uint32_t> sequence;  // of the names
    HalfWord encoding;
    std::array<Word, sizeof(TableNames) / 8> names;
};

class TableDirectory : public Part {
public:
    // It lies in shared memory.
    struct Shared {
        IndexStackHead free;
        Word overflow;  // times that there was no room; any process
    };

    // There is room for `most` tables besides kOtherTables.
    void Carve(Carver& carver, std::uint32_t most) noexcept;

    // Returns the table's index, or kNoIndex when it is not known.
    std::uint32_t Find(const TableKey& key) const noexcept;
    // Finds or adds the table. Returns kOtherTables when the directory is full, which is counted.
    std::uint32_t Insert(const TableKey& key, const TableNames& names,
                         std::uint32_t encoding) noexcept;
    void Rename(std::uint32_t index, const TableNames& names, std::uint32_t encoding) noexcept;

    TableKey KeyOf(std::uint32_t index) const noexcept;
    // Returns false when the names were being written at each of several looks.
    bool Read(std::uint32_t index, TableNames* names, std::uint32_t* encoding) const noexcept;

    void Format() noexcept { Repair(); }
    // Mends names that a dead session left half written, and frees indexes that it had only taken.
    std::uint64_t Repair() noexcept;

    // All indexes are below this.
    std::uint32_t Size() const noexcept { return size_; }
    // Returns how many tables are known; index 0 is not among them.
    std::uint32_t Used() const noexcept { return size_ - 1 - free_.Count(); }
    std::uint64_t Overflow() const noexcept { return Get(shared_->overflow); }

    static std::uint64_t HashNames(const TableNames& names) noexcept;

private:
    std::uint32_t FirstCell(const TableKey& key) const noexcept;

    Shared* shared_ = nullptr;
    IndexStack free_;
    TableEntry* entries_ = nullptr;
    std::uint32_t size_ = 0;
    HalfWord* cells_ = nullptr;  // index + 1; a power of two of them
    std::uint32_t cell_count_ = 0;
};

class Tables : public TableDirectory {
public:
    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept {
        TableDirectory::Carve(carver, sizes.tables);
    }
};

// This directory has the databases in which sessions have been seen, by (dbid, 0), without schemas.
class Databases : public TableDirectory {
public:
    void Carve(Carver& carver, const SegmentSizes&) noexcept {
        TableDirectory::Carve(carver, kDatabases);
    }
};

}  // namespace elile::core
