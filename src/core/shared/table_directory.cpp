#include "core/shared/table_directory.hpp"

#include "core/shared/hash.hpp"
#include "core/shared/words.hpp"

namespace elile::core {

void TableDirectory::Carve(Carver& carver, std::uint32_t most) noexcept {
    size_ = most + 1;
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

std::uint32_t TableDirectory::FirstCell(const TableKey& key) const noexcept {
    const std::uint64_t identity = std::uint64_t{key.dbid} << 32 | key.relid;
    return static_cast<std::uint32_t>(Mix(Mix(identity) ^ key.name_hash)) & (cell_count_ - 1);
}

TableKey TableDirectory::KeyOf(std::uint32_t index) const noexcept {
    const std::uint64_t identity = Get(entries_[index].database_and_relid);
    return {static_cast<std::uint32_t>(identity >> 32), static_cast<std::uint32_t>(identity),
            Get(entries_[index].name_hash)};
}

std::uint32_t TableDirectory::Find(const TableKey& key) const noexcept {
    for (std::uint32_t step = 0; step < cell_count_; ++step) {
        const std::uint32_t cell = (FirstCell(key) + step) & (cell_count_ - 1);
        const std::uint32_t seen = cells_[cell].load(std::memory_order_acquire);
        if (seen == 0) {
            return kNoIndex;
        }
        if (KeyOf(seen - 1) == key) {
            return seen - 1;
        }
    }
    return kNoIndex;
}

std::uint32_t TableDirectory::Insert(const TableKey& key, const TableNames& names,
                                     std::uint32_t encoding) noexcept {
    const std::uint32_t known = Find(key);
    if (known != kNoIndex) {
        return known;
    }
    const std::uint32_t fresh = free_.Pop();
    if (fresh == kNoIndex) {
        Add(shared_->overflow, 1);
        return kOtherTables;
    }
    Put(entries_[fresh].database_and_relid, std::uint64_t{key.dbid} << 32 | key.relid);
    Put(entries_[fresh].name_hash, key.name_hash);
    Rename(fresh, names, encoding);
    // The exchange releases the key to whoever loads the cell: Find(), or an exchange that fails.
    // There are more cells than entries, so the walk meets an empty one.
    for (std::uint32_t cell = FirstCell(key);; cell = (cell + 1) & (cell_count_ - 1)) {
        std::uint32_t seen = 0;
        if (cells_[cell].compare_exchange_strong(seen, fresh + 1, std::memory_order_acq_rel)) {
            return fresh;
        }
        if (KeyOf(seen - 1) == key) {
            free_.Push(fresh);
            return seen - 1;
        }
    }
}

void TableDirectory::Rename(std::uint32_t index, const TableNames& names,
                            std::uint32_t encoding) noexcept {
    TableEntry& entry = entries_[index];
    entry.sequence.TryWrite([&] {
        StoreWords(entry.names.data(), &names, sizeof(names));
        Put(entry.encoding, encoding);
    });
}

bool TableDirectory::Read(std::uint32_t index, TableNames* names,
                          std::uint32_t* encoding) const noexcept {
    constexpr int kLooks = 100;
    const TableEntry& entry = entries_[index];
    return entry.sequence.Read(kLooks, [&] {
        LoadWords(entry.names.data(), names, sizeof(*names));
        *encoding = Get(entry.encoding);
    });
}

std::uint64_t TableDirectory::Repair() noexcept {
    for (std::uint32_t index = 0; index < size_; ++index) {
        entries_[index].sequence.Mend();
    }
    // A dead session may have taken an index and not yet put it into a cell.
    free_.Clear();
    for (std::uint32_t index = size_; index-- > 1;) {
        bool used = false;
        const TableKey key = KeyOf(index);
        for (std::uint32_t step = 0; step < cell_count_ && !used; ++step) {
            const std::uint32_t seen = Get(cells_[(FirstCell(key) + step) & (cell_count_ - 1)]);
            if (seen == 0) {
                break;
            }
            used = seen == index + 1;
        }
        if (!used) {
            free_.Push(index);
        }
    }
    return 0;
}

}  // namespace elile::core
