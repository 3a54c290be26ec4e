#include "exporter/rates.hpp"

namespace elile::exporter {

void RateWindow::Add(const Totals& totals) {
    const std::lock_guard lock(mutex_);
    if (!totals_.empty()) {
        const Totals& last = totals_.back();
        if (totals.at_ns <= last.at_ns) {
            return;
        }
        if (totals.queries < last.queries || totals.slow < last.slow ||
            totals.failed < last.failed) {
            totals_.clear();
        }
    }
    totals_.push_back(totals);
    while (totals.at_ns - totals_.front().at_ns > kWindowNs) {
        totals_.pop_front();
    }
}

std::optional<Rates> RateWindow::PerSecond() const {
    const std::lock_guard lock(mutex_);
    if (totals_.size() < 2) {
        return std::nullopt;
    }
    const Totals& first = totals_.front();
    const Totals& last = totals_.back();
    const double seconds = static_cast<double>(last.at_ns - first.at_ns) / 1e9;
    return Rates{static_cast<double>(last.queries - first.queries) / seconds,
                 static_cast<double>(last.slow - first.slow) / seconds,
                 static_cast<double>(last.failed - first.failed) / seconds};
}

}  // namespace elile::exporter
