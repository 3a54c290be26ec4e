#include "core/saved/save_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace elile::core {

void SaveBuffer::Begin(std::uint64_t number, std::uint64_t now_us, std::uint32_t place) noexcept {
    used_ = frame_ = records_ = 0;
    header_ = {};
    header_.number = number;
    header_.saved_at_us = now_us;
    header_.place = place;
}

bool SaveBuffer::Reserve(std::size_t bytes) noexcept {
    if (room_ - used_ >= bytes) {
        return true;
    }
    const std::size_t room = std::max(2 * room_, used_ + bytes);
    char* larger = static_cast<char*>(std::realloc(bytes_.get(), room));
    if (larger == nullptr) {
        return false;
    }
    static_cast<void>(bytes_.release());
    bytes_.reset(larger);
    room_ = room;
    return true;
}

bool SaveBuffer::CloseFrame(bool ends_save) noexcept {
    if (used_ == frame_) {
        if (!Reserve(sizeof(header_))) {
            return false;
        }
        used_ += sizeof(header_);
    }
    const std::size_t records = frame_ + sizeof(header_);
    header_.ends_save = ends_save ? 1 : 0;
    FinishFrame(bytes_.get() + frame_, header_, {bytes_.get() + records, used_ - records});
    ++header_.place;
    frame_ = used_;
    return true;
}

bool SaveBuffer::Add(RecordKind kind, std::uint32_t place, std::string_view body) noexcept {
    constexpr std::size_t kFraming = 32;
    char* const memory = Reserve(sizeof(header_) + kFraming + body.size()) ? bytes_.get() : nullptr;
    if (memory == nullptr) {
        return false;
    }
    used_ += used_ == frame_ ? sizeof(header_) : 0;
    ByteWriter out({memory + used_, room_ - used_});
    out.Number(static_cast<std::uint64_t>(kind));
    out.Number(place);
    out.Text(body);
    used_ += out.Used();
    ++records_;
    return used_ - frame_ < kFrameBytes || CloseFrame(false);
}

void SaveBuffer::Shrink() noexcept {
    if (room_ > kKeptBytes) {
        bytes_.reset();
        room_ = used_ = frame_ = 0;
    }
}

}  // namespace elile::core
