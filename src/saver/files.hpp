// The saved files: a base, and a log of what changed since. They lie in pg_stat_tmp, which the
// server leaves alone, base backups skip and pg_rewind empties.
//
// Nothing here raises an error. What goes wrong is told by errno and in words.
#pragma once

#include <string_view>

#include "core/saved/format.hpp"
#include "pg/postgres.hpp"

namespace elile::saver {

inline constexpr const char* kBaseFile = "pg_stat_tmp/elile_optimize.base";
inline constexpr const char* kLogFile = "pg_stat_tmp/elile_optimize.log";

// What could not be done, for "could not %s file \"%s\": %m"; null when nothing went wrong.
struct FileError {
    const char* step = nullptr;
    const char* path = nullptr;
    int number = 0;  // errno

    bool HasFailed() const { return step != nullptr; }
};

// A whole file in memory. An empty one may also be one that is not there; then `is_there` is false.
struct FileContent {
    char* bytes = nullptr;
    std::size_t length = 0;
    bool is_there = false;
    FileError error;

    std::string_view View() const { return {bytes, length}; }
};
// The caller frees the bytes with free().
FileContent ReadWholeFile(const char* path);

// Finds out whose data this server keeps.
FileError IdentifyDataDirectory(core::DataDirectory* directory);

// Replaces the base durably: after a crash there is the old one or the new one.
FileError WriteBase(const core::FileHeader& header, std::string_view frames);
// Writes the header anew in place, durably.
FileError RewriteBaseHeader(const core::FileHeader& header);
// Begins the log anew with this header, or adds to it behind its first `length` bytes, durably.
FileError BeginLog(const core::FileHeader& header);
FileError AppendToLog(std::size_t length, std::string_view frames);

}  // namespace elile::saver
