#include "core/n_plus_one/key_trace.hpp"

#include <algorithm>
#include <bit>

namespace elile::core {
namespace {

// A key may be computed or come from elsewhere for a row in eight.
constexpr std::uint32_t kMostMissesOf = 8;
// The rows' order is looked at from so many steps on. Seven in eight go one way.
constexpr std::uint32_t kLeastSteps = 6;

}  // namespace

KeyTrace::Position* KeyTrace::Take(const RunValue& value) noexcept {
    for (std::uint32_t at = 0; at < count_; ++at) {
        if (positions_[at].number == value.number) {
            return &positions_[at];
        }
    }
    if (count_ == positions_.size()) {
        return nullptr;
    }
    Position& position = positions_[count_++];
    position = {};
    position.number = value.number;
    position.last = value.hash;
    position.row = RowValues::kNone;
    return &position;
}

KeySource KeyTrace::Add(const RunValues& values, RowValues& rows, RowValues::Columns among,
                        std::uint32_t asker) noexcept {
    std::array<Position*, RunValues::kMost> taken{};
    bool some_change = false;
    for (std::uint32_t at = 0; at < values.count; ++at) {
        const RunValue& value = values.of[at];
        Position* position = taken[at] = Take(value);
        if (position == nullptr) {
            continue;
        }
        const bool changes = position->last != value.hash;
        position->last = value.hash;
        position->runs_alike = changes ? 1 : position->runs_alike + 1;
        position->changes = position->changes || changes;
        position->is_comparable = value.is_comparable;
        position->use = value.use != RunValue::Use::kAny ? value.use : position->use;
        changing_ |= changes ? BitOfParameter(value.number) : 0;
        some_change = some_change || position->changes;
    }
    // Where literals were not read, what changes may be among them.
    if (among == 0 || values.count == 0 || (changing_ != 0 && !some_change)) {
        return KeySource::kUnknown;
    }
    bool is_unknown = rows.IsFull();
    bool is_found = false;
    for (std::uint32_t at = 0; at < values.count; ++at) {
        Position* position = taken[at];
        const bool may_be_key = position != nullptr && (position->changes || !some_change);
        if (position != nullptr && !position->is_comparable) {
            is_unknown = is_unknown || may_be_key;
        } else if (position != nullptr) {
            const bool has = Look(*position, values.of[at].hash, rows, among, asker);
            is_found = is_found || (has && may_be_key);
        }
    }
    return is_found ? KeySource::kRows : is_unknown ? KeySource::kUnknown : KeySource::kElsewhere;
}

// Returns those columns that have the value in a row for each of the last runs with it. It comes
// more often when somebody tries again.
RowValues::Columns KeyTrace::Covering(const Position& position, std::uint64_t hash, RowValues& rows,
                                      RowValues::Columns among) noexcept {
    RowValues::Columns covering = 0;
    for (RowValues::Columns left = among; left != 0; left &= left - 1) {
        const RowValues::Seen* seen =
            rows.Find(static_cast<std::uint32_t>(std::countr_zero(left)), hash);
        covering |= seen != nullptr && seen->copies >= position.runs_alike ? left & -left : 0;
    }
    return covering;
}

// The columns that had the values so far come first. One statement may serve two columns.
bool KeyTrace::Look(Position& position, std::uint64_t hash, RowValues& rows,
                    RowValues::Columns among, std::uint32_t asker) noexcept {
    const RowValues::Columns known = position.columns & among;
    RowValues::Columns having = Covering(position, hash, rows, known);
    if (having != 0) {
        position.columns = having;
    } else {
        having = Covering(position, hash, rows, among & ~known);
        position.columns |= having;
    }
    if (having == 0) {
        ++position.misses;
        return false;
    }
    ++position.hits;
    NoteRow(position, *rows.Find(static_cast<std::uint32_t>(std::countr_zero(having)), hash),
            asker);
    return true;
}

void KeyTrace::NoteRow(Position& position, RowValues::Seen& seen, std::uint32_t asker) noexcept {
    if (seen.copies != 1) {
        position.row = RowValues::kNone;
        return;
    }
    const auto bit = static_cast<std::uint16_t>(1U << asker);
    position.repeats += (seen.visited & bit) != 0 ? 1 : 0;
    seen.visited = static_cast<std::uint16_t>(seen.visited | bit);
    if (position.row != RowValues::kNone) {
        position.ups += seen.row > position.row ? 1 : 0;
        position.downs += seen.row < position.row ? 1 : 0;
    }
    position.row = seen.row;
}

// A loop takes rows in their order or against it. In any other order it takes each once.
bool KeyTrace::IsInOrder(const Position& position, std::uint64_t many_runs) noexcept {
    const std::uint32_t steps = position.ups + position.downs;
    return steps < kLeastSteps || 8 * std::max(position.ups, position.downs) >= 7 * steps ||
           (position.repeats == 0 && position.hits >= many_runs);
}

KeySource KeyTrace::Judge(RowValues::Columns among, std::uint64_t many_runs) const noexcept {
    bool is_unknown = among == 0 || changing_ == 0;
    for (std::uint32_t at = 0; at < count_; ++at) {
        const Position& position = positions_[at];
        if (!position.changes) {
            continue;
        }
        is_unknown = is_unknown || !position.is_comparable;
        if ((position.columns & among) != 0 &&
            position.misses * kMostMissesOf <= position.hits + position.misses &&
            IsInOrder(position, many_runs)) {
            return KeySource::kRows;
        }
    }
    return is_unknown ? KeySource::kUnknown : KeySource::kElsewhere;
}

bool KeyTrace::OnlyPages() const noexcept {
    for (std::uint32_t at = 0; at < count_; ++at) {
        if (positions_[at].changes && positions_[at].use == RunValue::Use::kAny) {
            return false;
        }
    }
    return changing_ != 0;
}

}  // namespace elile::core
