// A saved file is a header, then frames of records. A base has all records; its log has those that
// changed since, one save behind the other. Both carry one number, so that none is read with
// another's.
//
// A frame is as large as it need be, and has its own checksums: what is damaged takes its frame
// with it. A save in the log counts only when all its frames are there, for figures may have moved
// from one of them to another.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "core/saved/bytes.hpp"
#include "core/saved/records.hpp"

namespace elile::core {

// It is raised when a file of before can't be read as it was.
inline constexpr std::uint32_t kSavedFormat = 1;

// Figures belong to one data directory. A copy of it is another one.
struct DataDirectory {
    std::uint64_t system_identifier = 0;
    std::uint64_t inode = 0;
    std::uint64_t born_us = 0;  // its time of birth; 0 where the file system has none
    std::uint32_t server_major = 0;
    std::uint32_t unused = 0;

    bool operator==(const DataDirectory&) const noexcept = default;
};

// It lies in the file.
struct FileHeader {
    std::array<char, 8> magic;
    std::uint32_t format;
    std::uint32_t format_checksum;  // what follows may differ in another format
    DataDirectory directory;
    std::uint64_t number;       // that a base and its log share
    std::uint64_t saved_at_us;  // microseconds since 2000-01-01 UTC
    std::uint32_t is_log;
    std::uint32_t is_clean;  // the server was shut down, and nothing was counted afterwards
    std::uint64_t checksum;  // of all above
};
static_assert(sizeof(FileHeader) == 80 && std::has_unique_object_representations_v<FileHeader>);

enum class FileFault : std::uint8_t {
    kNone,
    kEmpty,
    kDamaged,
    kOtherFormat,
    kOtherMajor,
    kOtherCluster,
    kOtherDirectory
};

FileHeader MakeFileHeader(const DataDirectory& directory, std::uint64_t number, bool is_log,
                          std::uint64_t now_us, bool is_clean) noexcept;
// Reads the header of a file that is to be this directory's.
FileFault ReadFileHeader(std::string_view file, const DataDirectory& own, bool is_log,
                         FileHeader* header) noexcept;

// It lies in the file, in front of its records.
struct FrameHeader {
    std::uint64_t magic;
    std::uint64_t number;       // the file's
    std::uint64_t saved_at_us;  // of the save
    std::uint32_t place;        // 0, 1, ... in the file
    std::uint32_t ends_save;    // the last one of its save
    std::uint64_t bytes;        // of records
    std::uint64_t records;      // their checksum
    std::uint64_t checksum;     // of all above
};
static_assert(sizeof(FrameHeader) == 56 && std::has_unique_object_representations_v<FrameHeader>);

// Fills the room in front of the records.
void FinishFrame(char* frame, FrameHeader header, std::string_view records) noexcept;

struct Frame {
    FrameHeader header{};
    std::string_view records;
};

// Finds the sound frames of a file behind its header, and passes over the rest.
class FrameReader {
public:
    FrameReader(std::string_view frames, std::uint64_t number) noexcept
        : frames_(frames), number_(number) {}

    // Returns false at the end.
    bool Next(Frame* frame) noexcept;
    // Runs of frames that were damaged or are missing in front of those that were read.
    std::uint32_t Damaged() const noexcept { return damaged_; }

private:
    bool ReadAt(std::size_t at, Frame* frame) const noexcept;

    std::string_view frames_;
    std::uint64_t number_;
    std::size_t at_ = 0;
    std::uint32_t next_place_ = 0;
    std::uint32_t damaged_ = 0;
};

// Calls `visit(kind, place, body)` for each record of a frame. A kind may be one that a later
// version has. Returns false when the records were not sound to their end.
template <typename Visit>
bool ForEachRecord(std::string_view records, Visit visit) noexcept {
    ByteReader in(records);
    while (!in.IsAtEnd()) {
        const auto kind = static_cast<RecordKind>(in.NumberUpTo(UINT8_MAX));
        const std::uint32_t place = in.NumberUpTo(UINT32_MAX);
        const std::string_view body = in.Text();
        if (!in.IsSound()) {
            return false;
        }
        visit(kind, place, body);
    }
    return true;
}

}  // namespace elile::core
