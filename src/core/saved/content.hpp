// The content is what a base and its log hold: of each place the record that was written last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/saved/format.hpp"

namespace elile::core {

class SavedContent {
public:
    // It is one record.
    struct Cell {
        RecordKind kind;
        std::uint8_t weight;  // for who restores
        bool is_taken;
        std::uint32_t place;
        std::string_view body;
    };

    // Both are without their headers. The log may be empty.
    SavedContent(std::string_view base, std::string_view log, std::uint64_t number) noexcept;

    // Returns a power of two: so many cells are needed.
    std::size_t CellsNeeded() const noexcept;
    // The cells are all zero.
    void Index(std::span<Cell> cells) noexcept;

    // Runs of frames that could not be read.
    std::uint32_t Damaged() const noexcept { return damaged_; }
    // When the last save that counts was made: microseconds since 2000-01-01 UTC; 0 none was.
    std::uint64_t SavedAtUs() const noexcept { return saved_at_us_; }

    template <typename Visit>
    void ForEach(RecordKind kind, Visit visit) const noexcept {
        for (Cell& cell : cells_) {
            if (cell.is_taken && cell.kind == kind && !cell.body.empty()) {
                visit(cell);
            }
        }
    }
    // Returns an empty body where there is none.
    std::string_view Find(RecordKind kind, std::uint32_t place) const noexcept;

private:
    template <typename Visit>
    void ForEachFrame(Visit visit) const noexcept;
    Cell& CellFor(RecordKind kind, std::uint32_t place) const noexcept;

    std::string_view base_;
    std::string_view log_;  // to the end of its last whole save
    std::uint64_t number_;
    std::size_t records_ = 0;
    std::uint32_t damaged_ = 0;
    std::uint64_t saved_at_us_ = 0;
    std::span<Cell> cells_;
};

}  // namespace elile::core
