#include "core/shared/table_directory.hpp"

#include "core/shared/hash.hpp"
#include "core/shared/words.hpp"

namespace elile::core {

void TableDirectory::Carve(Carver& carver, std::uint32_t most, std::uint32_t reserved) noexcept {
    reserved_ = reserved;
    size_ = most + reserved + 1;
    // There are more cells than entries, so that a walk ends.
    cell_count_ = std::bit_ceil(2 * size_);
    shared_ = carver.Take<Shared>();
    auto* links = carver.Take<HalfWord>(size_);
    cells_ = carver.Take<HalfWord>(cell_count_);
    entries_ = carver.Take<TableEntry>(size_);
    free_ = IndexStack(shared_ != nullptr ? &shared_->free : nullptr, links);
}

std::uint64_t TableDirectory::HashNames(const TableNames& names) noexcept {
    return MixBytes(0, &names, sizeof(names));
}

TableKey TableDirectory::DroppedIn(std::uint32_t dbid) noexcept {
    TableNames names = {};
    CopyName(names.table, kDroppedTables);
    return {dbid, 0, HashNames(names)};
}

std::uint32_t TableDirectory::FirstCell(const TableKey& key) const noexcept {
    const std::uint64_t identity = std::uint64_t{key.dbid} << 32 | key.relid;
    return static_cast<std::uint32_t>(Mix(Mix(identity) ^ key.name_hash)) & (cell_count_ - 1);
}

TableKey TableDirectory::KeyOf(std::uint32_t table) const noexcept {
    const TableEntry& entry = entries_[IndexOf(table)];
    const std::uint64_t identity = Get(entry.database_and_relid);
    return {static_cast<std::uint32_t>(identity >> 32), static_cast<std::uint32_t>(identity),
            Get(entry.name_hash)};
}

std::uint32_t TableDirectory::IndexFor(std::uint32_t table, std::uint32_t dbid) const noexcept {
    if (IsCurrent(table)) {
        return IndexOf(table);
    }
    const std::uint32_t dropped = Find(DroppedIn(dbid));
    return dropped != kNoIndex ? IndexOf(dropped) : kOtherTables;
}

bool TableDirectory::IsUsed(std::uint32_t index) const noexcept {
    const std::uint32_t home = entries_[index].home.load(std::memory_order_acquire);
    return home != 0 && home <= cell_count_ && Get(cells_[home - 1]) == index + 1;
}

// Tells whether the cell is some table's home, where `seen` is what it holds.
bool TableDirectory::IsTaken(std::uint32_t cell, std::uint32_t seen) const noexcept {
    return seen != 0 && entries_[seen - 1].home.load(std::memory_order_acquire) == cell + 1;
}

// Returns the reference to the table whose home the cell is and whose key is this, else kNoIndex.
std::uint32_t TableDirectory::MatchAt(std::uint32_t cell, std::uint32_t seen,
                                      const TableKey& key) const noexcept {
    const std::uint32_t table = At(seen - 1);
    if (!IsTaken(cell, seen) || KeyOf(table) != key) {
        return kNoIndex;
    }
    Fence(std::memory_order_acquire);
    return IsCurrent(table) && IsTaken(cell, seen) ? table : kNoIndex;
}

std::uint32_t TableDirectory::Find(const TableKey& key) const noexcept {
    const std::uint32_t first = FirstCell(key);
    for (std::uint32_t step = 0; step < cell_count_; ++step) {
        const std::uint32_t cell = (first + step) & (cell_count_ - 1);
        const std::uint32_t seen = cells_[cell].load(std::memory_order_acquire);
        if (seen == 0) {
            return kNoIndex;
        }
        const std::uint32_t found = MatchAt(cell, seen, key);
        if (found != kNoIndex) {
            return found;
        }
    }
    return kNoIndex;
}

std::uint32_t TableDirectory::Insert(const TableKey& key, const TableNames& names,
                                     std::uint32_t encoding, std::uint32_t kept_free) noexcept {
    const std::uint32_t known = Find(key);
    if (known != kNoIndex) {
        return known;
    }
    const std::uint32_t fresh = free_.Count() > kept_free ? free_.Pop() : kNoIndex;
    if (fresh == kNoIndex) {
        Add(shared_->overflow, 1);
        return kOtherTables;
    }
    RaiseTo(shared_->end, fresh + 1);
    // Releases the use, which Pop() has acquired, by what is written from here on.
    Fence(std::memory_order_release);
    Put(entries_[fresh].database_and_relid, std::uint64_t{key.dbid} << 32 | key.relid);
    Put(entries_[fresh].name_hash, key.name_hash);
    if (!Rename(At(fresh), names, encoding)) {
        free_.Push(fresh);
        Add(shared_->overflow, 1);
        return kOtherTables;
    }
    return Settle(key, fresh);
}

// Gives the place a home, or gives it back where another process has put the table elsewhere. Two
// processes may find the first free cell at different places where one is freed meanwhile; the
// table then has two places until it goes, and readers put the two together by their name.
//
// The exchange releases the key to whoever loads the cell: Find(), or an exchange that fails. No
// more cells are homes than there are entries, so the walk meets one that is not. A cell that led
// here in an earlier use is passed over: somebody may be about to take it, who saw this place free.
std::uint32_t TableDirectory::Settle(const TableKey& key, std::uint32_t fresh) noexcept {
    const std::uint32_t first = FirstCell(key);
    for (std::uint32_t step = 0; step < 2 * cell_count_; ++step) {
        const std::uint32_t cell = (first + step) & (cell_count_ - 1);
        std::uint32_t seen = cells_[cell].load(std::memory_order_acquire);
        if (seen != fresh + 1 && !IsTaken(cell, seen)) {
            entries_[fresh].home.store(cell + 1, std::memory_order_release);
            if (cells_[cell].compare_exchange_strong(seen, fresh + 1, std::memory_order_acq_rel)) {
                return At(fresh);
            }
            entries_[fresh].home.store(0, std::memory_order_release);
        }
        const std::uint32_t other =
            seen != 0 && seen != fresh + 1 ? MatchAt(cell, seen, key) : kNoIndex;
        if (other != kNoIndex) {
            free_.Push(fresh);
            return other;
        }
    }
    free_.Push(fresh);
    Add(shared_->overflow, 1);
    return kOtherTables;
}

// Whoever takes the place after the look at the use can't name it before this writing has ended,
// and then leaves the place alone.
bool TableDirectory::Rename(std::uint32_t table, const TableNames& names,
                            std::uint32_t encoding) noexcept {
    TableEntry& entry = entries_[IndexOf(table)];
    bool is_current = IsCurrent(table);
    return is_current && entry.sequence.TryWriteCopy([&](std::size_t which) {
        is_current = IsCurrent(table);
        TableNames own = names;
        std::uint32_t own_encoding = encoding;
        if (!is_current) {
            const TableEntry::Names& other = entry.copies[1 - which];
            LoadWords(other.names.data(), &own, sizeof(own));
            own_encoding = static_cast<std::uint32_t>(Get(other.encoding));
        }
        StoreWords(entry.copies[which].names.data(), &own, sizeof(own));
        Put(entry.copies[which].encoding, own_encoding);
    }) && is_current;
}

bool TableDirectory::Read(std::uint32_t table, TableNames* names,
                          std::uint32_t* encoding) const noexcept {
    const TableEntry& entry = entries_[IndexOf(table)];
    if (!IsCurrent(table)) {
        return false;
    }
    entry.sequence.ReadCopy([&](std::size_t which) {
        LoadWords(entry.copies[which].names.data(), names, sizeof(*names));
        *encoding = static_cast<std::uint32_t>(Get(entry.copies[which].encoding));
    });
    Fence(std::memory_order_acquire);
    return IsCurrent(table);
}

bool TableDirectory::Retire(std::uint32_t table) noexcept {
    TableEntry& entry = entries_[IndexOf(table)];
    std::uint32_t use = Get(entry.use);
    if (IndexOf(table) == kOtherTables || At(IndexOf(table)) != table || Get(entry.home) == 0 ||
        !entry.use.compare_exchange_strong(use, use + 1, std::memory_order_acq_rel)) {
        return false;
    }
    entry.home.store(0, std::memory_order_release);
    return true;
}

std::uint64_t TableDirectory::Repair() noexcept {
    for (std::uint32_t index = 0; index < size_; ++index) {
        entries_[index].sequence.MendCopies();
    }
    // A dead session may have taken an index and not yet put it into a cell, or have retired a
    // place and not yet freed it.
    free_.Clear();
    for (std::uint32_t index = size_; index-- > 1;) {
        if (!IsUsed(index)) {
            Put(entries_[index].home, 0);
            free_.Push(index);
        }
    }
    return 0;
}

}  // namespace elile::core
