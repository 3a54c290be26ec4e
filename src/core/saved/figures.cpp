#include "core/saved/figures.hpp"

#include <bit>

namespace elile::core {
namespace {

// A bit for each figure that is not zero, then those figures.
template <std::size_t kCount>
void WriteSparse(ByteWriter& out, const std::array<std::uint64_t, kCount>& figures) noexcept {
    static_assert(kCount <= 32);
    std::uint32_t present = 0;
    for (std::size_t at = 0; at < kCount; ++at) {
        present |= figures[at] != 0 ? std::uint32_t{1} << at : 0;
    }
    out.Number(present);
    for (std::uint32_t left = present; left != 0; left &= left - 1) {
        out.Number(figures[static_cast<std::size_t>(std::countr_zero(left))]);
    }
}

template <std::size_t kCount>
void ReadSparse(ByteReader& in, std::array<std::uint64_t, kCount>& figures) noexcept {
    figures.fill(0);
    constexpr auto kAll = static_cast<std::uint32_t>((std::uint64_t{1} << kCount) - 1);
    for (std::uint32_t left = in.NumberUpTo(kAll); left != 0; left &= left - 1) {
        figures[static_cast<std::size_t>(std::countr_zero(left))] = in.Number();
    }
}

std::uint64_t PlacedOf(const TallySnapshot& tally) noexcept {
    return tally.below + tally.above + tally.InBuckets();
}

}  // namespace

void WriteTally(ByteWriter& out, const TallySnapshot& tally) noexcept {
    out.Number(tally.calls);
    out.Number(tally.failed_calls);
    out.Number(tally.slow_calls);
    out.Number(tally.rows);
    out.Number(tally.total_ns);
    out.Real(tally.sum_of_squares);
    out.Number(~tally.min_ns);
    out.Number(tally.max_ns);
    out.Number(tally.below);
    out.Number(tally.above);
    out.Number(tally.present);
    for (std::uint64_t left = tally.present; left != 0; left &= left - 1) {
        WriteSparse(out, tally.counts[static_cast<std::size_t>(std::countr_zero(left))]);
    }
}

void ReadTally(ByteReader& in, TallySnapshot& tally) noexcept {
    tally.calls = in.Number();
    tally.failed_calls = in.Number();
    tally.slow_calls = in.Number();
    tally.rows = in.Number();
    tally.total_ns = in.Number();
    tally.sum_of_squares = in.Real();
    tally.min_ns = ~in.Number();
    tally.max_ns = in.Number();
    tally.below = in.Number();
    tally.above = in.Number();
    tally.present = in.Number() & ((std::uint64_t{1} << kOctaves) - 1);
    for (std::uint64_t left = tally.present; left != 0; left &= left - 1) {
        const auto octave = static_cast<std::size_t>(std::countr_zero(left));
        ReadSparse(in, tally.counts[octave]);
        tally.in_octave[octave] = 0;
        for (const std::uint64_t count : tally.counts[octave]) {
            tally.in_octave[octave] += count;
        }
    }
    const std::uint64_t placed = PlacedOf(tally);
    if (placed > tally.Executions()) {
        tally.calls = placed - tally.failed_calls;
    }
}

void WriteCounters(ByteWriter& out, const SavedCounters& counters) noexcept {
    const SavedPlans& plans = counters.plans;
    WriteTally(out, counters.tally);
    WriteSparse(out, counters.resources);
    WriteSparse(out, std::array{plans.plans, plans.total_ns, plans.inverted_min_ns, plans.max_ns});
    out.Real(plans.sum_of_squares);
    WriteSparse(out, plans.calls_by_origin);
}

void ReadCounters(ByteReader& in, SavedCounters& counters) noexcept {
    SavedPlans& plans = counters.plans;
    std::array<std::uint64_t, 4> figures;
    ReadTally(in, counters.tally);
    ReadSparse(in, counters.resources);
    ReadSparse(in, figures);
    plans.plans = figures[0];
    plans.total_ns = figures[1];
    plans.inverted_min_ns = figures[2];
    plans.max_ns = figures[3];
    plans.sum_of_squares = in.Real();
    ReadSparse(in, plans.calls_by_origin);
}

// Origins are read before the calls, which sessions count first.
void AddUnit(const Counters& unit, const OctavePool& pool, SavedCounters& sum) noexcept {
    SavedPlans& plans = sum.plans;
    for (std::size_t origin = 0; origin < kPlanOrigins; ++origin) {
        plans.calls_by_origin[origin] +=
            unit.plans.calls_by_origin[origin].load(std::memory_order_acquire);
    }
    plans.plans += Get(unit.plans.plans);
    plans.total_ns += Get(unit.plans.total_ns);
    plans.sum_of_squares += unit.plans.sum_of_squares.load(std::memory_order_relaxed);
    plans.inverted_min_ns = std::max(plans.inverted_min_ns, Get(unit.plans.inverted_min_ns));
    plans.max_ns = std::max(plans.max_ns, Get(unit.plans.max_ns));
    for (std::size_t resource = 0; resource < kResources; ++resource) {
        sum.resources[resource] += Get(unit.resources[resource]);
    }
    sum.tally.AddTally(unit.tally, pool);
}

// The calls are last, as a session adds them.
void AddSavedTo(const TallySnapshot& saved, Tally& into, OctavePool& pool) noexcept {
    Add(into.below, saved.below);
    Add(into.above, saved.above);
    for (std::uint64_t left = saved.present; left != 0; left &= left - 1) {
        const int octave = std::countr_zero(left);
        Octave* target = OctaveAt(into, pool, octave);
        if (target == nullptr) {
            AddUnplaced(into, pool, octave, saved.in_octave[static_cast<std::size_t>(octave)]);
            continue;
        }
        for (std::size_t bucket = 0; bucket < kBucketsPerOctave; ++bucket) {
            Add(target->count[bucket], saved.counts[static_cast<std::size_t>(octave)][bucket]);
        }
    }
    Add(into.unplaced, saved.Executions() - PlacedOf(saved));
    Add(into.total_ns, saved.total_ns);
    Add(into.sum_of_squares, saved.sum_of_squares);
    RaiseTo(into.inverted_min_ns, ~saved.min_ns);
    RaiseTo(into.max_ns, saved.max_ns);
    Add(into.rows, saved.rows);
    Add(into.slow_calls, saved.slow_calls);
    into.failed_calls.fetch_add(saved.failed_calls, std::memory_order_release);
    into.calls.fetch_add(saved.calls, std::memory_order_release);
}

void AddSavedTo(const SavedCounters& saved, Counters& into, OctavePool& pool) noexcept {
    const SavedPlans& plans = saved.plans;
    for (std::size_t resource = 0; resource < kResources; ++resource) {
        Add(into.resources[resource], saved.resources[resource]);
    }
    Add(into.plans.plans, plans.plans);
    Add(into.plans.total_ns, plans.total_ns);
    Add(into.plans.sum_of_squares, plans.sum_of_squares);
    RaiseTo(into.plans.inverted_min_ns, plans.inverted_min_ns);
    RaiseTo(into.plans.max_ns, plans.max_ns);
    AddSavedTo(saved.tally, into.tally, pool);
    for (std::size_t origin = 0; origin < kPlanOrigins; ++origin) {
        into.plans.calls_by_origin[origin].fetch_add(plans.calls_by_origin[origin],
                                                     std::memory_order_release);
    }
}

}  // namespace elile::core
