// Names out of the segment, as labels.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/segment.hpp"

namespace elile::exporter {

// The text in UTF-8: a byte that is none is written as \xNN, so that two names never become one.
std::string ToUtf8(std::string_view text);

// Of an array that is padded with zeros.
std::string NameIn(const char* name, std::size_t room);

// The names of all databases, as they were when it was made.
class DatabaseNames {
public:
    explicit DatabaseNames(const core::Segment& segment);

    // kOther for 0; the number of a database whose name no session has left.
    std::string Of(std::uint32_t dbid) const;

    // Whether a database that sessions came to later has the same name: this one was dropped, or
    // renamed and not visited since.
    bool IsSuperseded(std::uint32_t dbid) const;

private:
    std::map<std::uint32_t, std::string> names_;
    std::map<std::string, std::uint32_t> newest_;
};

// "name" in schema public, "schema.name" elsewhere.
std::string TableLabel(const std::string& schema, const std::string& table);

// Of the table at this index of the directory; kOther for index 0.
std::string TableName(const core::Segment& segment, std::uint32_t index);

}  // namespace elile::exporter
