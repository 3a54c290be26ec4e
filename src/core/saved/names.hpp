// Names and keys in records.
#pragma once

#include <cstring>
#include <string_view>

#include "core/saved/bytes.hpp"
#include "core/shared/table_directory.hpp"

namespace elile::core {

template <std::size_t kBytes>
void WriteName(ByteWriter& out, const char (&name)[kBytes]) noexcept {
    out.Text({name, strnlen(name, kBytes)});
}

// Fills `name` with zeros to its end, and cuts what is longer.
template <std::size_t kBytes>
void ReadName(ByteReader& in, char (&name)[kBytes]) noexcept {
    std::memset(name, 0, kBytes);
    in.Text().copy(name, kBytes - 1);
}

inline void WriteKey(ByteWriter& out, const TableKey& key) noexcept {
    out.Number(key.dbid);
    out.Number(key.relid);
    out.Fixed(key.name_hash);
}

inline TableKey ReadKey(ByteReader& in) noexcept {
    TableKey key{};
    key.dbid = in.NumberUpTo(UINT32_MAX);
    key.relid = in.NumberUpTo(UINT32_MAX);
    key.name_hash = in.Fixed();
    return key;
}

// Returns the key under which the table of a database is counted.
inline TableKey KeyFor(const TableDirectory& tables, std::uint32_t table,
                       std::uint32_t dbid) noexcept {
    return tables.KeyOf(tables.IndexFor(table, dbid));
}

// What has no place is among the other tables, as it was and as it would be.
inline std::uint32_t TableBy(const TableDirectory& tables, const TableKey& key) noexcept {
    const std::uint32_t table = key == TableKey{} ? kOtherTables : tables.Find(key);
    return table != kNoIndex ? table : kOtherTables;
}

}  // namespace elile::core
