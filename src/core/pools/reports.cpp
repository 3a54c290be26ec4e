#include "core/pools/reports.hpp"

#include <algorithm>

#include "core/shared/hash.hpp"
#include "core/shared/words.hpp"

namespace elile::core {
namespace {

std::uint64_t KeyOf(std::uint32_t database, const char (&application)[kNameBytes]) noexcept {
    return MixBytes(Mix(database), application, kNameBytes) | 1;
}

std::uint64_t LastReportUs(const PoolReport& report) noexcept {
    std::uint64_t last_us = 0;
    for (const Word& reported_at_us : report.reported_at_us) {
        last_us = std::max(last_us, Get(reported_at_us));
    }
    return last_us;
}

std::uint64_t LifeUs(std::size_t figure) noexcept {
    return figure == PlaceOf(PoolFigure::kClientsWaiting) ? kClientsWaitingLifeUs
                                                          : kPoolReportLifeUs;
}

bool IsOld(std::uint64_t reported_at_us, std::uint64_t life_us, std::uint64_t now_us) noexcept {
    return reported_at_us + life_us < now_us;
}

// When two sessions take one report, the later one leaves the identity to the other: both have the
// same key.
void WriteIdentity(PoolReport& report, std::uint32_t database,
                   const char (&application)[kNameBytes]) noexcept {
    report.sequence.TryWrite([&] {
        Put(report.database, database);
        for (Word& figure : report.figure_plus_one) {
            Put(figure, 0);
        }
        StoreWords(report.application.data(), application, kNameBytes);
    });
}

}  // namespace

PoolReport* PoolReports::FindOrClaim(std::uint64_t key, std::uint32_t database,
                                     const char (&application)[kNameBytes],
                                     std::uint64_t now_us) noexcept {
    PoolReport* old = nullptr;
    for (std::uint32_t step = 0; step < kPoolReports; ++step) {
        PoolReport& report = reports_[(key + step) % kPoolReports];
        std::uint64_t seen = report.key.load(std::memory_order_acquire);
        if (seen == 0 && report.key.compare_exchange_strong(seen, key, std::memory_order_acq_rel)) {
            WriteIdentity(report, database, application);
            return &report;
        }
        if (seen == key) {
            return &report;
        }
        if (old == nullptr && IsOld(LastReportUs(report), kPoolReportLifeUs, now_us)) {
            old = &report;
        }
    }
    std::uint64_t seen = old != nullptr ? Get(old->key) : 0;
    if (seen == key) {
        return old;  // another session has just taken it for the same pool
    }
    if (old == nullptr || !old->key.compare_exchange_strong(seen, key, std::memory_order_acq_rel)) {
        return seen == key ? old : nullptr;
    }
    WriteIdentity(*old, database, application);
    return old;
}

void PoolReports::Report(std::uint32_t database, const char (&application)[kNameBytes],
                         PoolFigure figure, std::uint64_t value, std::uint64_t now_us) noexcept {
    PoolReport* report = FindOrClaim(KeyOf(database, application), database, application, now_us);
    if (report == nullptr) {
        Add(*dropped_, 1);
        return;
    }
    Put(report->figure_plus_one[PlaceOf(figure)], value + 1);
    Put(report->reported_at_us[PlaceOf(figure)], now_us);
}

bool PoolReports::Read(std::uint32_t index, std::uint64_t now_us,
                       PoolReportCopy* copy) const noexcept {
    const PoolReport& report = reports_[index];
    if (Get(report.key) == 0 || report.sequence.Seen() == 0) {
        return false;
    }
    bool has_figure = false;
    const auto copy_figure = [&](std::size_t figure) {
        const bool is_old = IsOld(Get(report.reported_at_us[figure]), LifeUs(figure), now_us);
        copy->figure_plus_one[figure] = is_old ? 0 : Get(report.figure_plus_one[figure]);
        has_figure = has_figure || copy->figure_plus_one[figure] != 0;
    };
    const bool is_whole = report.sequence.Read(1, [&] {
        copy->database = Get(report.database);
        for (std::size_t figure = 0; figure < kPoolFigures; ++figure) {
            copy_figure(figure);
        }
        LoadWords(report.application.data(), copy->application, kNameBytes);
    });
    return is_whole && has_figure;
}

std::uint64_t PoolReports::Repair() noexcept {
    for (std::uint32_t index = 0; index < kPoolReports; ++index) {
        PoolReport& report = reports_[index];
        if (report.sequence.Mend() || report.sequence.Seen() == 0) {
            Put(report.key, 0);
        }
    }
    return 0;
}

}  // namespace elile::core
