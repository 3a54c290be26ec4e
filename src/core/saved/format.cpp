#include "core/saved/format.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/saved/checksum.hpp"

namespace elile::core {
namespace {

constexpr std::array<char, 8> kFileMagic = {'e', 'l', 'i', 'l', 'e', 'o', 'p', 't'};
constexpr std::uint64_t kFrameMagic = UINT64_C(0x656d6172460a0d1a);

std::uint32_t FormatChecksum(std::uint32_t format) noexcept {
    return static_cast<std::uint32_t>(Mix(format));
}

// The checksum is the header's last field.
template <typename Header>
std::uint64_t HeaderChecksum(const Header& header) noexcept {
    return ChecksumOf({reinterpret_cast<const char*>(&header), offsetof(Header, checksum)});
}

}  // namespace

FileHeader MakeFileHeader(const DataDirectory& directory, std::uint64_t number, bool is_log,
                          std::uint64_t now_us, bool is_clean) noexcept {
    FileHeader header{kFileMagic, kSavedFormat,     FormatChecksum(kSavedFormat), directory, number,
                      now_us,     is_log ? 1U : 0U, is_clean ? 1U : 0U,           0};
    header.checksum = HeaderChecksum(header);
    return header;
}

FileFault ReadFileHeader(std::string_view file, const DataDirectory& own, bool is_log,
                         FileHeader* header) noexcept {
    if (file.empty()) {
        return FileFault::kEmpty;
    }
    if (file.size() < sizeof(*header)) {
        return FileFault::kDamaged;
    }
    std::memcpy(header, file.data(), sizeof(*header));
    if (header->magic != kFileMagic || header->format_checksum != FormatChecksum(header->format)) {
        return FileFault::kDamaged;
    }
    if (header->format != kSavedFormat) {
        return FileFault::kOtherFormat;
    }
    if (header->checksum != HeaderChecksum(*header) || header->is_log != (is_log ? 1U : 0U)) {
        return FileFault::kDamaged;
    }
    const DataDirectory& directory = header->directory;
    if (directory.server_major != own.server_major) {
        return FileFault::kOtherMajor;
    }
    if (directory.system_identifier != own.system_identifier) {
        return FileFault::kOtherCluster;
    }
    return directory == own ? FileFault::kNone : FileFault::kOtherDirectory;
}

void FinishFrame(char* frame, FrameHeader header, std::string_view records) noexcept {
    header.magic = kFrameMagic;
    header.bytes = records.size();
    header.records = ChecksumOf(records);
    header.checksum = HeaderChecksum(header);
    std::memcpy(frame, &header, sizeof(header));
}

bool FrameReader::ReadAt(std::size_t at, Frame* frame) const noexcept {
    FrameHeader& header = frame->header;
    if (frames_.size() - at < sizeof(header)) {
        return false;
    }
    std::memcpy(&header, frames_.data() + at, sizeof(header));
    if (header.magic != kFrameMagic || header.number != number_ ||
        header.checksum != HeaderChecksum(header) ||
        header.bytes > frames_.size() - at - sizeof(header)) {
        return false;
    }
    frame->records = frames_.substr(at + sizeof(header), header.bytes);
    return ChecksumOf(frame->records) == header.records;
}

bool FrameReader::Next(Frame* frame) noexcept {
    const std::string_view magic(reinterpret_cast<const char*>(&kFrameMagic), sizeof(kFrameMagic));
    const bool is_end = at_ >= frames_.size();
    std::size_t at = at_;
    while (at < frames_.size() && !ReadAt(at, frame)) {
        at = std::min(frames_.find(magic, at + 1), frames_.size());
    }
    const bool found = at < frames_.size();
    if (!is_end && (at != at_ || frame->header.place != next_place_)) {
        ++damaged_;
    }
    at_ = found ? at + sizeof(frame->header) + frame->records.size() : frames_.size();
    next_place_ = found ? frame->header.place + 1 : next_place_;
    return found;
}

}  // namespace elile::core
