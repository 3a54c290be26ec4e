#include "core/saved/pool_records.hpp"

#include <algorithm>

#include "core/saved/names.hpp"
#include "core/segment.hpp"
#include "core/snapshot/parts.hpp"

namespace elile::core {
namespace {

// The order is that of the bytes.
template <typename Figures, typename Visit>
void ForEachFigure(Figures& figures, Visit visit) noexcept {
    visit(figures.begun_at_us);
    visit(figures.ended_at_us);
    visit(figures.looks);
    visit(figures.busy_looks);
    visit(figures.waiting_looks);
    visit(figures.full_looks);
    visit(figures.peak_sessions);
    visit(figures.peak_demand);
    visit(figures.sessions);
    visit(figures.checked_out);
    visit(figures.waiting);
    visit(figures.in_transaction);
    visit(figures.lingering);
    visit(figures.opened);
    visit(figures.transactions);
}

void ReadInto(ByteReader& in, std::uint64_t& figure) noexcept { figure = in.Number(); }
void ReadInto(ByteReader& in, std::uint32_t& figure) noexcept {
    figure = in.NumberUpTo(UINT32_MAX);
}

void WriteFigures(const PoolFigures& figures, ByteWriter& out) noexcept {
    out.Number(figures.looks != 0 ? 1 : 0);
    if (figures.looks != 0) {
        ForEachFigure(figures, [&](std::uint64_t figure) { out.Number(figure); });
    }
}

// Figures that no looks can have are none.
void ReadFigures(ByteReader& in, PoolFigures& figures) noexcept {
    if (in.NumberUpTo(1) == 0) {
        return;
    }
    ForEachFigure(figures, [&](auto& figure) { ReadInto(in, figure); });
    const std::uint32_t most =
        std::max({figures.busy_looks, figures.waiting_looks, figures.full_looks});
    if (most > figures.looks || figures.begun_at_us == 0 ||
        figures.begun_at_us > figures.ended_at_us) {
        figures = {};
    }
}

void WriteWindow(const PoolWindow& window, ByteWriter& out) noexcept {
    WriteFigures(window.figures, out);
    const auto& looks = window.busy_looks_at;
    out.Number(static_cast<std::uint64_t>(
        std::count_if(looks.begin(), looks.end(), [](std::uint16_t count) { return count != 0; })));
    for (std::size_t bucket = 0; bucket < looks.size(); ++bucket) {
        if (looks[bucket] != 0) {
            out.Number(bucket);
            out.Number(looks[bucket]);
        }
    }
}

void ReadWindow(ByteReader& in, PoolWindow& window) noexcept {
    constexpr auto kBuckets = static_cast<std::uint32_t>(DemandBuckets::kCount);
    ReadFigures(in, window.figures);
    for (std::uint32_t left = in.NumberUpTo(kBuckets); left > 0; --left) {
        const std::uint32_t bucket = in.NumberUpTo(kBuckets - 1);
        window.busy_looks_at[bucket] = static_cast<std::uint16_t>(in.NumberUpTo(UINT16_MAX));
    }
    if (window.figures.looks == 0) {
        window = {};
    }
}

}  // namespace

// The moment of the last look is left out, for it differs at each.
void WritePool(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept {
    ObservedPool pool;
    if (!segment.observed.ReadPool(place, Get(segment.header->stats_since_us), &pool) ||
        (pool.opened == 0 && pool.Looks() == 0)) {
        return;
    }
    out.Number(place == kOtherPools ? 1 : 0);
    out.Number(pool.key.dbid);
    out.Number(pool.key.userid);
    WriteName(out, pool.key.application);
    out.Number(pool.first_seen_us);
    out.Number(pool.last_seen_us);
    out.Number(pool.opened);
    out.Number(pool.peak_checked_out);
    WriteWindow(pool.current, out);
    WriteWindow(pool.busiest, out);
    WriteFigures(pool.last, out);
}

// Places may have changed while they were written, so that a pool is there twice. The later one of
// the two is the pool.
void RestoringPools::Add(ByteReader& in) noexcept {
    ObservedPool pool{};
    const bool is_other = in.NumberUpTo(1) != 0;
    pool.key.dbid = in.NumberUpTo(UINT32_MAX);
    pool.key.userid = in.NumberUpTo(UINT32_MAX);
    ReadName(in, pool.key.application);
    pool.first_seen_us = in.Number();
    pool.last_seen_us = in.Number();
    pool.opened = in.Number();
    pool.peak_checked_out = in.NumberUpTo(UINT32_MAX);
    ReadWindow(in, pool.current);
    ReadWindow(in, pool.busiest);
    ReadFigures(in, pool.last);
    if (!in.IsSound()) {
        return;
    }
    if (pools_ == nullptr) {
        pools_.reset(static_cast<ObservedPools*>(std::calloc(1, sizeof(ObservedPools))));
    }
    if (pools_ == nullptr) {
        return;
    }
    const std::uint32_t found = is_other ? kOtherPools : pools_->Find(pool.key);
    const bool is_new = !is_other && found == kOtherPools;
    const std::uint32_t place = is_new ? pools_->used : found;
    if ((is_new && place < kPools) ||
        (!is_new && pools_->pools[place].last_seen_us <= pool.last_seen_us)) {
        pools_->used += is_new ? 1 : 0;
        pools_->pools[place] = pool;
    }
}

void RestoringPools::Publish() noexcept {
    if (pools_ != nullptr) {
        pools_->stats_since_us = Get(segment_.header->stats_since_us);
        for (const ObservedPool& pool : pools_->pools) {
            pools_->looked_at_us = std::max(pools_->looked_at_us, pool.last_seen_us);
        }
        segment_.observed.Write(pools_.get());
    }
}

void WritePoolReport(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept {
    PoolReportCopy report;
    if (!segment.pool_reports.Read(place, 0, &report)) {
        return;
    }
    out.Number(report.database);
    WriteName(out, report.application);
    for (std::size_t figure = 0; figure < kPoolFigures; ++figure) {
        out.Number(report.figure_plus_one[figure]);
        out.Number(report.reported_at_us[figure]);
    }
}

void RestorePoolReport(Segment& segment, ByteReader& in) noexcept {
    PoolReportCopy report{};
    report.database = in.NumberUpTo(UINT32_MAX);
    ReadName(in, report.application);
    bool has_figure = false;
    for (std::size_t figure = 0; figure < kPoolFigures; ++figure) {
        report.figure_plus_one[figure] = in.Number();
        report.reported_at_us[figure] = in.Number();
        has_figure = has_figure || report.figure_plus_one[figure] != 0;
    }
    if (in.IsSound() && has_figure) {
        segment.pool_reports.Restore(report);
    }
}

void WriteRefusals(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept {
    SavedRefusals refusals;
    if (segment.refusals.ReadAt(place, &refusals)) {
        out.Fixed(refusals.key);
        out.Number(refusals.second);
        out.Number(refusals.count);
        out.Number(refusals.first_us);
    }
}

void RestoreRefusals(Segment& segment, ByteReader& in) noexcept {
    SavedRefusals refusals{};
    refusals.key = in.Fixed();
    refusals.second = in.NumberUpTo(UINT32_MAX);
    refusals.count = in.NumberUpTo(UINT32_MAX);
    refusals.first_us = in.Number();
    if (in.IsSound() && refusals.key != 0) {
        segment.refusals.Restore(refusals);
    }
}

}  // namespace elile::core
