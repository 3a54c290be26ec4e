#include "core/pools/reports.hpp"

#include <algorithm>
#include <cstring>

#include "core/shared/hash.hpp"

namespace elile::core {
namespace {

std::uint64_t KeyOf(std::uint32_t database, const char (&application)[kNameBytes]) noexcept {
    std::uint64_t hash = Mix(database);
    for (std::size_t at = 0; at < kNameBytes; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, application + at, 8);
        hash = Mix(hash ^ word);
    }
    return hash | 1;
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

// Leaves it to the other one when two sessions take one report; both have the same key.
void WriteIdentity(PoolReport& report, std::uint32_t database,
                   const char (&application)[kNameBytes]) noexcept {
    std::uint32_t sequence = Get(report.sequence);
    if ((sequence & 1) != 0 || !report.sequence.compare_exchange_strong(
                                   sequence, sequence + 1, std::memory_order_acq_rel)) {
        return;
    }
    std::atomic_thread_fence(std::memory_order_release);
    Put(report.database, database);
    for (Word& figure : report.figure_plus_one) {
        Put(figure, 0);
    }
    for (std::size_t at = 0; at < report.application.size(); ++at) {
        std::uint64_t word = 0;
        std::memcpy(&word, application + at * 8, 8);
        Put(report.application[at], word);
    }
    report.sequence.store(sequence + 2, std::memory_order_release);
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
    const std::uint32_t before = report.sequence.load(std::memory_order_acquire);
    if (Get(report.key) == 0 || before == 0 || (before & 1) != 0) {
        return false;
    }
    copy->database = Get(report.database);
    bool has_figure = false;
    for (std::size_t figure = 0; figure < kPoolFigures; ++figure) {
        copy->figure_plus_one[figure] =
            IsOld(Get(report.reported_at_us[figure]), LifeUs(figure), now_us)
                ? 0
                : Get(report.figure_plus_one[figure]);
        has_figure = has_figure || copy->figure_plus_one[figure] != 0;
    }
    for (std::size_t at = 0; at < report.application.size(); ++at) {
        const std::uint64_t word = Get(report.application[at]);
        std::memcpy(copy->application + at * 8, &word, 8);
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    return Get(report.sequence) == before && has_figure;
}

std::uint64_t PoolReports::Repair() noexcept {
    for (std::uint32_t index = 0; index < kPoolReports; ++index) {
        PoolReport& report = reports_[index];
        const std::uint32_t sequence = Get(report.sequence);
        if (sequence == 0 || (sequence & 1) != 0) {
            Put(report.sequence, sequence + (sequence & 1));
            Put(report.key, 0);
        }
    }
    return 0;
}

}  // namespace elile::core
