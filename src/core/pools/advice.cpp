#include "core/pools/advice.hpp"

#include <algorithm>
#include <cmath>

namespace elile::core {
namespace {

constexpr double kLookSeconds = static_cast<double>(kLookIntervalUs) / 1e6;
constexpr double kLingeringShare = 0.10;
constexpr double kHeldShare = 0.50;
constexpr std::uint64_t kChurnLeast = 20;
constexpr double kChurnPerSecond = 1;
constexpr double kChurnLifeSeconds = 10;
constexpr double kFullShare = 0.90;
// It shows only when sessions are let in how many would come. So a pool with all connections in
// use, and more refused, is taken to grow by at least this factor.
constexpr double kLeastGrowth = 1.5;
// Attempts may be repeated, so however many were refused, it is taken to grow by this at most.
constexpr double kMostGrowth = 4;

double PerSecond(std::uint64_t count, const PoolFigures& figures) noexcept {
    return static_cast<double>(count) / std::max(figures.Seconds(), kLookSeconds);
}

// Returns the busiest window that has seen enough, or null when there is none.
const PoolWindow* BusiestOf(const ObservedPool& pool) noexcept {
    const bool has_busiest = pool.busiest.figures.IsEnough();
    if (!pool.current.figures.IsEnough()) {
        return has_busiest ? &pool.busiest : nullptr;
    }
    return has_busiest && pool.busiest.figures.MeanDemand() > pool.current.figures.MeanDemand()
               ? &pool.busiest
               : &pool.current;
}

bool IsFull(const PoolFigures& figures) noexcept {
    return figures.full_looks >= kFullShare * figures.looks;
}

// A refused session would have stayed as long as the others. So the number of sessions would grow
// as that of openings.
double GrowthFor(double refused_per_s, const PoolFigures& latest) noexcept {
    if (refused_per_s <= 0) {
        return 1;
    }
    const double sessions = static_cast<double>(latest.sessions) / latest.looks;
    const double opened = std::max({static_cast<double>(latest.opened), sessions, 1.0});
    const double growth = 1 + refused_per_s * latest.Seconds() / opened;
    return std::clamp(growth, IsFull(latest) ? kLeastGrowth : 1, kMostGrowth);
}

std::uint32_t Whole(double connections) noexcept {
    // A number that only a rounding error lifts above a whole one is that whole one.
    return static_cast<std::uint32_t>(std::max(std::ceil(connections - 1e-6), 1.0));
}

// Sessions that were seen include those of the overflow; a size that the application told does not.
PoolFinding Compare(const PoolAdvice& advice, bool is_told) noexcept {
    const double beyond = is_told ? 0 : advice.overflow;
    const double most =
        std::max((1 + kTolerance) * advice.size, advice.size + std::max(beyond, 1.0));
    if (advice.present > most) {
        return PoolFinding::kTooLarge;
    }
    return advice.present < (1 - kTolerance) * advice.size ? PoolFinding::kTooSmall
                                                           : PoolFinding::kRightSized;
}

// A pool that has shrunk because less was wanted still has the size that it had at its busiest.
void SetPresent(PoolAdvice& advice) noexcept {
    const PoolFigures& latest = *advice.latest;
    const PoolFigures& busiest = advice.busiest->figures;
    const bool someone_waits = latest.waiting_looks > 0 || advice.grows > 1;
    advice.present_in = !someone_waits && latest.peak_sessions < (1 - kTolerance) * advice.size &&
                                busiest.peak_sessions > latest.peak_sessions
                            ? &busiest
                            : &latest;
    advice.present = advice.present_in->peak_sessions;
}

}  // namespace

bool IsLingering(const PoolFigures& figures) noexcept {
    return figures.lingering > 0 && static_cast<double>(figures.lingering) >=
                                        kLingeringShare * static_cast<double>(figures.checked_out);
}

bool IsHeld(const PoolFigures& figures) noexcept {
    return figures.in_transaction > 0 && static_cast<double>(figures.in_transaction) >=
                                             kHeldShare * static_cast<double>(figures.checked_out);
}

double MeanLifeSeconds(const PoolFigures& figures) noexcept {
    return figures.opened == 0 ? 0
                               : static_cast<double>(figures.sessions) * kLookSeconds /
                                     static_cast<double>(figures.opened);
}

bool IsChurning(const PoolFigures& figures) noexcept {
    return figures.opened >= kChurnLeast && PerSecond(figures.opened, figures) >= kChurnPerSecond &&
           MeanLifeSeconds(figures) < kChurnLifeSeconds;
}

PoolAdvice Advise(const PoolEvidence& evidence) noexcept {
    const ObservedPool& pool = *evidence.pool;
    PoolAdvice advice{};
    advice.grows = 1;
    advice.busiest = BusiestOf(pool);
    if (advice.busiest == nullptr) {
        return advice;
    }
    advice.latest = pool.current.figures.IsEnough() ? &pool.current.figures : &pool.last;
    const PoolFigures& busiest = advice.busiest->figures;
    const PoolFigures& latest = *advice.latest;
    advice.concurrency =
        busiest.busy_looks == 0 ? 0 : static_cast<double>(busiest.checked_out) / busiest.busy_looks;
    advice.is_full = IsFull(latest);
    advice.grows = GrowthFor(evidence.refused_per_s, latest);
    const double usual =
        std::max<double>(advice.busiest->Quantile(kSizeShare), evidence.statements_busy) *
        advice.grows;
    const double peak =
        std::max(advice.busiest->Quantile(kPeakShare) * advice.grows, usual) * kSpare;
    const bool fits = usual <= evidence.available;
    advice.size = std::min(Whole(usual), std::max(evidence.available, 1U));
    advice.overflow =
        std::min(Whole(peak), std::max(evidence.available, advice.size)) - advice.size;
    const bool is_told = evidence.told_size >= 0;
    if (is_told) {
        advice.present = static_cast<std::uint32_t>(evidence.told_size);
    } else {
        SetPresent(advice);
    }
    if (IsLingering(latest)) {
        advice.finding = PoolFinding::kIdleInTransaction;
    } else if (IsChurning(latest)) {
        advice.finding = PoolFinding::kChurn;
    } else if (!fits) {
        advice.finding = PoolFinding::kAboveLimit;
    } else {
        advice.finding = Compare(advice, is_told);
    }
    // What is waited for, or too much, is still so where connections are held.
    if (advice.finding == PoolFinding::kRightSized && IsHeld(latest)) {
        advice.finding = PoolFinding::kIdleInTransaction;
    }
    return advice;
}

}  // namespace elile::core
