#include "core/n_plus_one/row_values.hpp"

#include <algorithm>

#include "core/shared/hash.hpp"

namespace elile::core {
namespace {

// A wide row has its keys among its first columns. The first statement is the root, most often.
constexpr std::uint32_t kOfFirst = 32;
constexpr std::uint32_t kOfOther = 12;

}  // namespace

void RowValues::Clear() noexcept {
    if (used_ > 0) {
        slots_ = {};
    }
    used_ = 0;
    source_count_ = 0;
    column_count_ = 0;
    row_ = 0;
}

RowValues::Place RowValues::Begin(std::uint64_t queryid, std::uint32_t columns) noexcept {
    for (std::uint32_t at = 0; at < source_count_; ++at) {
        if (sources_[at].queryid == queryid && sources_[at].asked == columns) {
            return sources_[at].place;
        }
    }
    if (source_count_ == kSources) {
        return {0, 0};
    }
    const std::uint32_t most = source_count_ == 0 ? kOfFirst : kOfOther;
    const Place place = {column_count_, std::min({columns, most, kColumns - column_count_})};
    sources_[source_count_++] = {queryid, columns, place};
    column_count_ += place.columns;
    return place;
}

void RowValues::Leave(std::uint64_t queryid) noexcept {
    for (std::uint32_t at = 0; at < source_count_; ++at) {
        if (sources_[at].queryid == queryid) {
            sources_[at].queryid = 0;
        }
    }
}

std::uint32_t RowValues::PlaceOf(std::uint32_t column, std::uint64_t hash,
                                 std::uint32_t* tag) const noexcept {
    const std::uint64_t mixed = Mix(hash + column);
    *tag = static_cast<std::uint32_t>(mixed >> 32) | 1;
    auto at = static_cast<std::uint32_t>(mixed % kSlots);
    while (slots_[at].tag != 0 && slots_[at].tag != *tag) {
        at = (at + 1) % kSlots;
    }
    return at;
}

void RowValues::Add(std::uint32_t column, std::uint64_t hash) noexcept {
    std::uint32_t tag = 0;
    Seen& seen = slots_[PlaceOf(column, hash, &tag)];
    if (seen.tag == 0) {
        if (IsFull()) {
            return;
        }
        ++used_;
        seen.tag = tag;
    }
    seen.row = row_;
    seen.copies = static_cast<std::uint16_t>(std::min<std::uint32_t>(seen.copies + 1U, UINT16_MAX));
}

bool RowValues::HasSeen(std::uint64_t queryid) const noexcept {
    for (std::uint32_t at = 0; at < source_count_; ++at) {
        const Source& source = sources_[at];
        if (source.queryid == queryid) {
            return source.asked == 0 || source.place.columns != 0;
        }
    }
    return false;
}

RowValues::Columns RowValues::ColumnsOf(std::uint64_t queryid) const noexcept {
    Columns columns = 0;
    for (std::uint32_t at = 0; at < source_count_; ++at) {
        const Place& place = sources_[at].place;
        if (sources_[at].queryid == queryid && place.columns != 0) {
            columns |= (~Columns{0} >> (kColumns - place.columns)) << place.first;
        }
    }
    return columns;
}

RowValues::Seen* RowValues::Find(std::uint32_t column, std::uint64_t hash) noexcept {
    std::uint32_t tag = 0;
    Seen& seen = slots_[PlaceOf(column, hash, &tag)];
    return seen.tag != 0 ? &seen : nullptr;
}

}  // namespace elile::core
