// The values of a statement's runs so far: which of its parameters change, and whether what changes
// comes from rows that other statements returned.
#pragma once

#include <array>
#include <cstdint>

#include "core/n_plus_one/row_values.hpp"
#include "core/n_plus_one/run_values.hpp"

namespace elile::core {

// Tells where a run's keys come from. It is unknown where its values were not read or cannot be
// compared, where no rows were seen to compare them with, and where not all of these had room.
enum class KeySource : std::uint8_t { kUnknown, kRows, kElsewhere };

class KeyTrace {
public:
    // Takes a run in. `among` are the columns that may have its keys, none where rows were not
    // seen. `asker` is below 16 and tells the statement from others that look into the same rows.
    KeySource Add(const RunValues& values, RowValues& rows, RowValues::Columns among,
                  std::uint32_t asker) noexcept;

    // Judges the runs so far. `among` are the columns from which keys are believed. `many_runs`
    // are enough to believe keys that come in another order than the rows.
    KeySource Judge(RowValues::Columns among, std::uint64_t many_runs) const noexcept;

    // Returns the parameters that changed, as BitOfParameter().
    std::uint64_t Changing() const noexcept { return changing_; }
    // Tells whether what changes only bounds a column or counts rows, as when somebody pages.
    bool OnlyPages() const noexcept;

private:
    struct Position {
        std::uint32_t number;
        RunValue::Use use;
        bool changes;
        bool is_comparable;
        std::uint64_t last;
        RowValues::Columns columns;  // that had its values
        std::uint32_t runs_alike;    // the last ones, with the same value
        std::uint32_t hits;
        std::uint32_t misses;
        std::uint32_t ups;      // the next value stood in a later row
        std::uint32_t downs;    // in an earlier one
        std::uint32_t repeats;  // values that only one row has, and that came before
        std::uint32_t row;      // of the last value, where only one row has it
    };

    Position* Take(const RunValue& value) noexcept;
    static RowValues::Columns Covering(const Position& position, std::uint64_t hash,
                                       RowValues& rows, RowValues::Columns among) noexcept;
    static bool Look(Position& position, std::uint64_t hash, RowValues& rows,
                     RowValues::Columns among, std::uint32_t asker) noexcept;
    static void NoteRow(Position& position, RowValues::Seen& seen, std::uint32_t asker) noexcept;
    static bool IsInOrder(const Position& position, std::uint64_t many_runs) noexcept;

    std::array<Position, RunValues::kMost> positions_{};
    std::uint32_t count_ = 0;
    std::uint64_t changing_ = 0;
};

}  // namespace elile::core
