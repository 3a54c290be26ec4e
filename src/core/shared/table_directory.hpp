// The directory has the tables that statements work on, by database and oid, with the names that
// sessions saw last.
//
// A table has a place, with an index. The place of a table that is gone is freed and then taken by
// another one, so each use of a place has a number. Others refer to a table by both, in one word: a
// reference that outlives its table names nothing, and never the next table. Index 0 stands for
// all tables that found no room; it is never freed.
//
// A place is found from its home, the one cell that leads to it. A freed place has no home. Its
// cell stays filled, so that searches go on past it, until another place takes the cell. A reader
// takes a place's key for its table's where the use was the same before and after. Retire() raises
// the use, the free stack hands that on to who takes the place, and the fence in Insert() releases
// it by any word of the next key to the fence in MatchAt().
//
// Names are guarded by a sequence lock; a writer that finds another one writing leaves it to that
// one. There are two copies of them, for a reader that found none would show a name's table or
// database under another one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

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

// What tables that are gone have left is counted for their database under this name.
inline constexpr std::string_view kDroppedTables = "(dropped)";

// It lies in shared memory. The key is constant while the place has a home.
struct alignas(kCacheLine) TableEntry {
    Word database_and_relid;
    Word name_hash;
    HalfWord use;   // times that the place was freed; the lowest bits are part of each reference
    HalfWord home;  // the cell that leads here, plus one; 0 none
    using Sequence = SequenceLock<std::uint32_t>;
    struct Names {
        Word encoding;
        std::array<Word, sizeof(TableNames) / 8> names;
    };
    Sequence sequence;
    std::array<Names, Sequence::kCopies> copies;
};

class TableDirectory : public Part {
public:
    // It lies in shared memory.
    struct Shared {
        IndexStackHead free;
        Word overflow;  // times that there was no room; any process
        Word end;       // above each index that was ever taken; any process
        Word doubts;    // any process adds
    };

    // There is room for `most` tables besides kOtherTables, and for so many more that
    // InsertReserved() alone may take.
    void Carve(Carver& carver, std::uint32_t most, std::uint32_t reserved = 0) noexcept;

    // A reference is the index in its lower bits and the number of the use in the rest.
    static constexpr std::uint32_t IndexOf(std::uint32_t table) noexcept {
        return table & ((1U << kIndexBits) - 1);
    }
    // Returns the reference to the table that has this place now.
    std::uint32_t At(std::uint32_t index) const noexcept {
        return index | entries_[index].use.load(std::memory_order_acquire) << kIndexBits;
    }
    // Tells whether the table still has its place.
    bool IsCurrent(std::uint32_t table) const noexcept { return At(IndexOf(table)) == table; }
    // Returns the table's index, or that under which its database's tables that are gone are
    // counted.
    std::uint32_t IndexFor(std::uint32_t table, std::uint32_t dbid) const noexcept;
    // Tells whether a table has this place.
    bool IsUsed(std::uint32_t index) const noexcept;
    // Tells whether a table had this place, and none has it now.
    bool IsFreed(std::uint32_t index) const noexcept {
        return Get(entries_[index].use) != 0 && !IsUsed(index);
    }

    // Returns the reference to the table, or kNoIndex when it is not known.
    std::uint32_t Find(const TableKey& key) const noexcept;
    // Finds or adds the table. Returns kOtherTables when the directory is full, which is counted.
    std::uint32_t Insert(const TableKey& key, const TableNames& names,
                         std::uint32_t encoding) noexcept {
        return Insert(key, names, encoding, reserved_);
    }
    std::uint32_t InsertReserved(const TableKey& key, const TableNames& names,
                                 std::uint32_t encoding) noexcept {
        return Insert(key, names, encoding, 0);
    }
    // These two return false when the table has lost its place, the first one also where another
    // process is writing.
    bool Rename(std::uint32_t table, const TableNames& names, std::uint32_t encoding) noexcept;
    // Reads the names that were written last.
    bool Read(std::uint32_t table, TableNames* names, std::uint32_t* encoding) const noexcept;
    // Takes an index or a reference.
    TableKey KeyOf(std::uint32_t table) const noexcept;

    // Takes the table's place away: no reference to it is good any more. Returns false when
    // somebody else has done so. Recycle() must follow, once nothing is counted at the index.
    bool Retire(std::uint32_t table) noexcept;
    void Recycle(std::uint32_t index) noexcept { free_.Push(index); }

    void Format() noexcept { Repair(); }
    // Forgets names that a dead session left half written, and frees indexes that it had only
    // taken.
    std::uint64_t Repair() noexcept;

    // All indexes are below this.
    std::uint32_t Size() const noexcept { return size_; }
    // Each index that is known, or was, is below this one, which only grows.
    std::uint32_t End() const noexcept {
        return std::max(static_cast<std::uint32_t>(Get(shared_->end)), kOtherTables + 1);
    }
    // Returns how many tables are known; index 0 is not among them.
    std::uint32_t Used() const noexcept { return size_ - 1 - free_.Count(); }
    // Tells whether Insert() would find no room for a table that is new.
    bool IsFull() const noexcept { return free_.Count() <= reserved_; }
    std::uint64_t Overflow() const noexcept { return Get(shared_->overflow); }
    // Times that a process has heard of something that may have gone or got another name.
    Word& Doubts() const noexcept { return shared_->doubts; }

    static std::uint64_t HashNames(const TableNames& names) noexcept;
    // The key under which a database's tables that are gone are counted.
    static TableKey DroppedIn(std::uint32_t dbid) noexcept;

private:
    static constexpr std::uint32_t kIndexBits = 17;

    std::uint32_t FirstCell(const TableKey& key) const noexcept;
    bool IsTaken(std::uint32_t cell, std::uint32_t seen) const noexcept;
    std::uint32_t MatchAt(std::uint32_t cell, std::uint32_t seen,
                          const TableKey& key) const noexcept;
    std::uint32_t Insert(const TableKey& key, const TableNames& names, std::uint32_t encoding,
                         std::uint32_t kept_free) noexcept;
    std::uint32_t Settle(const TableKey& key, std::uint32_t fresh) noexcept;

    std::uint32_t reserved_ = 0;
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
        TableDirectory::Carve(carver, sizes.tables, kDatabases);
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
