#include "core/pools/reports.hpp"

#include <algorithm>
#include <cstring>

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

bool IsOf(const PoolReport& report, std::uint32_t database,
          const char (&application)[kNameBytes]) noexcept {
    char name[kNameBytes];
    LoadWords(report.application.data(), name, kNameBytes);
    return Get(report.database) == database && std::memcmp(name, application, kNameBytes) == 0;
}

// Whoever has the lock and finds another pool's figures forgets them.
void WriteIdentity(PoolReport& report, std::uint32_t database,
                   const char (&application)[kNameBytes]) noexcept {
    if (!IsOf(report, database, application)) {
        Put(report.database, database);
        for (Word& figure : report.figure_plus_one) {
            Put(figure, 0);
        }
        StoreWords(report.application.data(), application, kNameBytes);
    }
}

// Returns false when the report is another pool's by now, be it since the writing began. What was
// written then is nobody's, for the name is not the key's.
template <typename Write>
bool WriteUnder(PoolReport& report, std::uint64_t key, Write write) noexcept {
    // Whoever writes a report does so within a microsecond, unless it was stopped.
    constexpr int kTries = 1000;
    bool is_done = false;
    for (int left = kTries; left > 0 && !is_done && Get(report.key) == key; --left) {
        is_done = report.sequence.TryWrite([&] {
            if (Get(report.key) == key) {
                write(report);
            }
        });
    }
    return is_done && Get(report.key) == key;
}

}  // namespace

PoolReport* PoolReports::FindOrClaim(std::uint64_t key, std::uint64_t now_us) noexcept {
    PoolReport* old = nullptr;
    std::uint64_t old_key = 0;
    for (std::uint32_t step = 0; step < kPoolReports; ++step) {
        PoolReport& report = reports_[(key + step) % kPoolReports];
        std::uint64_t seen = Get(report.key);
        if (seen == 0 && report.key.compare_exchange_strong(seen, key, std::memory_order_seq_cst)) {
            return SettleDuplicates(key);
        }
        if (seen == key) {
            return &report;
        }
        if (old == nullptr && IsOld(LastReportUs(report), kPoolReportLifeUs, now_us)) {
            old = &report;
            old_key = seen;
        }
    }
    if (old == nullptr) {
        return nullptr;
    }
    if (old->key.compare_exchange_strong(old_key, key, std::memory_order_seq_cst)) {
        return SettleDuplicates(key);
    }
    return old_key == key ? old : nullptr;  // another session has just taken it for the same pool
}

// Another session may have taken a report for the same pool after the search had passed it. Of two
// the first on the way of the search stays. Each session looks after it has taken its own, so one
// of the two sees both: taking and looking have one order for all (seq_cst).
PoolReport* PoolReports::SettleDuplicates(std::uint64_t key) noexcept {
    PoolReport* first = nullptr;
    for (std::uint32_t step = 0; step < kPoolReports; ++step) {
        PoolReport& report = reports_[(key + step) % kPoolReports];
        std::uint64_t seen = report.key.load(std::memory_order_seq_cst);
        if (seen == key && first == nullptr) {
            first = &report;
        } else if (seen == key) {
            report.key.compare_exchange_strong(seen, 0, std::memory_order_relaxed);
        }
    }
    return first;
}

template <typename Write>
void PoolReports::WriteOrDrop(std::uint32_t database, const char (&application)[kNameBytes],
                              std::uint64_t now_us, Write write) noexcept {
    constexpr int kPlaces = 4;  // since another pool may take the one that was found
    const std::uint64_t key = KeyOf(database, application);
    const auto write_all = [&](PoolReport& report) {
        WriteIdentity(report, database, application);
        write(report);
    };
    for (int left = kPlaces; left > 0; --left) {
        PoolReport* report = FindOrClaim(key, now_us);
        if (report != nullptr && WriteUnder(*report, key, write_all)) {
            return;
        }
    }
    Add(*dropped_, 1);
}

void PoolReports::Report(std::uint32_t database, const char (&application)[kNameBytes],
                         PoolFigure figure, std::uint64_t value, std::uint64_t now_us) noexcept {
    WriteOrDrop(database, application, now_us, [&](PoolReport& report) {
        Put(report.figure_plus_one[PlaceOf(figure)], value + 1);
        Put(report.reported_at_us[PlaceOf(figure)], now_us);
    });
}

void PoolReports::Restore(const PoolReportCopy& saved) noexcept {
    const std::uint64_t last_us =
        *std::max_element(saved.reported_at_us.begin(), saved.reported_at_us.end());
    WriteOrDrop(saved.database, saved.application, last_us, [&](PoolReport& report) {
        for (std::size_t figure = 0; figure < kPoolFigures; ++figure) {
            const std::uint64_t at_us = saved.reported_at_us[figure];
            const bool is_newer = Get(report.figure_plus_one[figure]) == 0 ||
                                  Get(report.reported_at_us[figure]) < at_us;
            if (saved.figure_plus_one[figure] != 0 && is_newer) {
                Put(report.figure_plus_one[figure], saved.figure_plus_one[figure]);
                Put(report.reported_at_us[figure], at_us);
            }
        }
    });
}

bool PoolReports::Read(std::uint32_t index, std::uint64_t now_us,
                       PoolReportCopy* copy) const noexcept {
    const PoolReport& report = reports_[index];
    if (Get(report.key) == 0 || report.sequence.Seen() == 0) {
        return false;
    }
    bool has_figure = false;
    const auto copy_figure = [&](std::size_t figure) {
        copy->reported_at_us[figure] = Get(report.reported_at_us[figure]);
        const bool is_old = IsOld(copy->reported_at_us[figure], LifeUs(figure), now_us);
        copy->figure_plus_one[figure] = is_old ? 0 : Get(report.figure_plus_one[figure]);
        has_figure = has_figure || copy->figure_plus_one[figure] != 0;
    };
    constexpr int kLooks = 100;
    const bool is_whole = report.sequence.Read(kLooks, [&] {
        has_figure = false;
        copy->database = Get(report.database);
        for (std::size_t figure = 0; figure < kPoolFigures; ++figure) {
            copy_figure(figure);
        }
        LoadWords(report.application.data(), copy->application, kNameBytes);
    });
    return is_whole && has_figure && Get(report.key) == KeyOf(copy->database, copy->application);
}

std::uint64_t PoolReports::Repair() noexcept {
    for (std::uint32_t index = 0; index < kPoolReports; ++index) {
        PoolReport& report = reports_[index];
        char application[kNameBytes];
        LoadWords(report.application.data(), application, kNameBytes);
        if (report.sequence.Mend() || Get(report.key) != KeyOf(Get(report.database), application)) {
            Put(report.key, 0);
        }
    }
    return 0;
}

}  // namespace elile::core
