// The values of rows that statements returned, each with its column. Of a value it keeps a hash.
//
// It is plain data of one session, of a fixed size. What finds no room is not kept.
#pragma once

#include <array>
#include <cstdint>

namespace elile::core {

class RowValues {
public:
    static constexpr std::uint32_t kColumns = 64;  // of all statements together
    static constexpr std::uint32_t kSources = 16;  // statements
    static constexpr std::uint32_t kNone = UINT32_MAX;

    // A set of columns has a bit for each.
    using Columns = std::uint64_t;

    struct Seen {
        std::uint32_t tag;      // of value and column; 0 is free
        std::uint32_t row;      // the last one that had the value there
        std::uint16_t copies;   // how many rows had it there
        std::uint16_t visited;  // for the caller: a bit for each who asked for it
    };

    void Clear() noexcept;
    struct Place {
        std::uint32_t first;
        std::uint32_t columns;  // 0: no room
    };

    // To be called before a statement's rows come. Returns the columns that are kept of it, at most
    // so many. A statement that is known keeps the values that it has.
    Place Begin(std::uint64_t queryid, std::uint32_t columns) noexcept;
    // Forgets a statement whose rows came unseen.
    void Leave(std::uint64_t queryid) noexcept;
    void BeginRow() noexcept { ++row_; }
    void Add(std::uint32_t column, std::uint64_t hash) noexcept;

    // Tells whether the statement's rows were seen, perhaps rows without a key.
    bool HasSeen(std::uint64_t queryid) const noexcept;
    // Returns the columns of a statement.
    Columns ColumnsOf(std::uint64_t queryid) const noexcept;
    // Returns null when the column does not have the value.
    Seen* Find(std::uint32_t column, std::uint64_t hash) noexcept;
    // Tells whether values were left out for want of room.
    bool IsFull() const noexcept { return used_ == kMost; }
    bool IsEmpty() const noexcept { return source_count_ == 0; }

private:
    static constexpr std::uint32_t kSlots = 4096;
    static constexpr std::uint32_t kMost = kSlots / 4 * 3;

    struct Source {
        std::uint64_t queryid;
        std::uint32_t asked;  // columns
        Place place;
    };

    // Returns the value's place, or the free one where it would be.
    std::uint32_t PlaceOf(std::uint32_t column, std::uint64_t hash,
                          std::uint32_t* tag) const noexcept;

    std::array<Seen, kSlots> slots_{};
    std::array<Source, kSources> sources_{};
    std::uint32_t used_ = 0;
    std::uint32_t source_count_ = 0;
    std::uint32_t column_count_ = 0;
    std::uint32_t row_ = 0;
};

}  // namespace elile::core
