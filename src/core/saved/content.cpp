#include "core/saved/content.hpp"

#include <algorithm>
#include <bit>

namespace elile::core {

template <typename Visit>
void SavedContent::ForEachFrame(Visit visit) const noexcept {
    for (const std::string_view file : {base_, log_}) {
        FrameReader reader(file, number_);
        for (Frame frame; reader.Next(&frame);) {
            visit(frame);
        }
    }
}

// The log ends in front of what is damaged, or is no whole save. A base has one save.
SavedContent::SavedContent(std::string_view base, std::string_view log,
                           std::uint64_t number) noexcept
    : base_(base), log_(log), number_(number) {
    bool is_whole = false;
    FrameReader of_base(base, number);
    Frame frame;
    while (of_base.Next(&frame)) {
        is_whole = frame.header.ends_save != 0;
        saved_at_us_ = frame.header.saved_at_us;
    }
    damaged_ = of_base.Damaged();
    damaged_ += damaged_ == 0 && !is_whole && !base.empty() ? 1 : 0;
    std::size_t length = 0;
    is_whole = true;
    FrameReader of_log(log, number);
    while (of_log.Next(&frame) && of_log.Damaged() == 0) {
        is_whole = frame.header.ends_save != 0;
        if (is_whole) {
            length = static_cast<std::size_t>(frame.records.end() - log.begin());
            saved_at_us_ = std::max(saved_at_us_, frame.header.saved_at_us);
        }
    }
    damaged_ += of_log.Damaged() > 0 || !is_whole ? 1 : 0;
    log_ = log.substr(0, length);
    ForEachFrame([this](const Frame& sound) {
        ForEachRecord(sound.records,
                      [this](RecordKind, std::uint32_t, std::string_view) { ++records_; });
    });
}

std::size_t SavedContent::CellsNeeded() const noexcept { return std::bit_ceil(2 * records_ + 1); }

SavedContent::Cell& SavedContent::CellFor(RecordKind kind, std::uint32_t place) const noexcept {
    const std::size_t mask = cells_.size() - 1;
    std::size_t at = Mix(static_cast<std::uint64_t>(kind) << 32 | place) & mask;
    while (cells_[at].is_taken && (cells_[at].kind != kind || cells_[at].place != place)) {
        at = (at + 1) & mask;
    }
    return cells_[at];
}

void SavedContent::Index(std::span<Cell> cells) noexcept {
    cells_ = cells;
    ForEachFrame([this](const Frame& frame) {
        ForEachRecord(frame.records,
                      [this](RecordKind kind, std::uint32_t place, std::string_view body) {
                          CellFor(kind, place) = {kind, 0, true, place, body};
                      });
    });
}

std::string_view SavedContent::Find(RecordKind kind, std::uint32_t place) const noexcept {
    return CellFor(kind, place).body;
}

}  // namespace elile::core
