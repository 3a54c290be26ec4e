// Makes labels from the names in the segment.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace elile::core {
struct Segment;
}

namespace elile::exporter {

// Returns the text in UTF-8. A byte that is not UTF-8 is written as \xNN, so that two names never
// become one.
std::string ToUtf8(std::string_view text);

// Reads a name from an array that is padded with zeros; returns it in UTF-8.
std::string NameIn(const char* name, std::size_t room);

// The names of all databases, as they were when the object was made.
class DatabaseNames {
public:
    explicit DatabaseNames(const core::Segment& segment);

    // Returns a database's name; kOther for 0. Where no session has left the name it is the number.
    std::string Of(std::uint32_t dbid) const;

    // Whether sessions came later to another database of the same name. Then this one was dropped,
    // or was renamed and not visited since.
    bool IsSuperseded(std::uint32_t dbid) const;

private:
    std::map<std::uint32_t, std::string> names_;
    std::map<std::string, std::uint32_t> newest_;
};

// "name" in schema public, "schema.name" elsewhere.
std::string TableLabel(const std::string& schema, const std::string& table);

// Returns the label of the table to which this refers in the directory; kOther for index 0.
std::string TableName(const core::Segment& segment, std::uint32_t table);
// The same for an application, by its index in the pattern table's directory.
std::string ApplicationName(const core::Segment& segment, std::uint32_t index);

}  // namespace elile::exporter
