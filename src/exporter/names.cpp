#include "exporter/names.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "core/n_plus_one/table.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "exporter/model.hpp"

namespace elile::exporter {
namespace {

// Returns the length of the well-formed UTF-8 sequence at the text's beginning, in bytes (Unicode
// 15, table 3-7). 0: the text begins with none.
std::size_t SequenceLength(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) {
        return 0;
    }
    unsigned char least = 0x80;
    unsigned char most = 0xbf;
    if (lead == 0xe0) {
        least = 0xa0;
    } else if (lead == 0xed) {
        most = 0x9f;
    } else if (lead == 0xf0) {
        least = 0x90;
    } else if (lead == 0xf4) {
        most = 0x8f;
    }
    for (std::size_t at = 1; at < length; ++at) {
        if (byte(at) < least || byte(at) > most) {
            return 0;
        }
        least = 0x80;
        most = 0xbf;
    }
    return length;
}

// Returns false for what has lost its place, and for an index that no sound segment has.
bool ReadNames(const core::TableDirectory& directory, std::uint32_t table,
               core::TableNames* names) {
    std::uint32_t encoding = 0;
    return core::TableDirectory::IndexOf(table) < directory.Size() &&
           directory.Read(table, names, &encoding);
}

}  // namespace

std::string ToUtf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::size_t length = SequenceLength(text);
        if (length > 0) {
            out += text.substr(0, length);
        } else {
            char escaped[8];
            std::snprintf(escaped, sizeof(escaped), "\\x%02X",
                          static_cast<unsigned>(static_cast<unsigned char>(text[0])));
            out += escaped;
            length = 1;
        }
        text.remove_prefix(length);
    }
    return out;
}

std::string NameIn(const char* name, std::size_t room) {
    return ToUtf8({name, strnlen(name, room)});
}

DatabaseNames::DatabaseNames(const core::Segment& segment) {
    core::TableNames names;
    std::uint32_t encoding = 0;
    // Of equal names the one with the highest number is the newest, until the numbers wrap round.
    for (std::uint32_t index = 1; index <= core::kDatabases; ++index) {
        const std::uint32_t database = segment.databases.At(index);
        const std::uint32_t dbid = segment.databases.KeyOf(database).dbid;
        if (segment.databases.IsUsed(index) &&
            segment.databases.Read(database, &names, &encoding) && names.table[0] != '\0') {
            names_[dbid] = NameIn(names.table, sizeof(names.table));
            std::uint32_t& newest = newest_[names_[dbid]];
            newest = std::max(newest, dbid);
        }
    }
}

std::string DatabaseNames::Of(std::uint32_t dbid) const {
    const auto known = names_.find(dbid);
    if (known != names_.end()) {
        return known->second;
    }
    return dbid == 0 ? kOther : std::to_string(dbid);
}

bool DatabaseNames::IsSuperseded(std::uint32_t dbid) const {
    const auto newest = newest_.find(Of(dbid));
    return newest != newest_.end() && newest->second != dbid;
}

std::string TableLabel(const std::string& schema, const std::string& table) {
    const bool is_bare = table.empty() || schema.empty() || schema == "public";
    return is_bare && table != kOther ? table : schema + "." + table;
}

std::string TableName(const core::Segment& segment, std::uint32_t table) {
    core::TableNames names;
    if (table == core::kOtherTables) {
        return kOther;
    }
    if (!ReadNames(segment.tables, table, &names)) {
        return std::string(core::kDroppedTables);
    }
    return TableLabel(NameIn(names.schema, sizeof(names.schema)),
                      NameIn(names.table, sizeof(names.table)));
}

std::string ApplicationName(const core::Segment& segment, std::uint32_t index) {
    core::TableNames names;
    return index != core::kOtherTables &&
                   ReadNames(segment.n_plus_one.Applications(), index, &names)
               ? NameIn(names.table, sizeof(names.table))
               : kOther;
}

}  // namespace elile::exporter
