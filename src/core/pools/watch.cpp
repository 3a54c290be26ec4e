#include "core/pools/watch.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "core/pools/ended_sessions.hpp"
#include "core/shared/hash.hpp"

namespace elile::core {

std::uint32_t PoolWatch::CellsFor(std::uint32_t sessions) noexcept {
    return std::bit_ceil(2 * (sessions + kEndedSessions));
}

// Returns the cell where the process is or may be put, or null when the table is full.
TrackedSession* PoolWatch::CellOf(TrackedSession* table, std::uint32_t pid) const noexcept {
    const auto first = static_cast<std::uint32_t>(Mix(pid));
    for (std::uint32_t step = 0; step < cells_; ++step) {
        TrackedSession& cell = table[(first + step) & (cells_ - 1)];
        if (cell.pid == pid || cell.pid == 0) {
            return &cell;
        }
    }
    return nullptr;
}

const TrackedSession* PoolWatch::Known(std::uint32_t pid,
                                       std::uint64_t started_at_us) const noexcept {
    for (TrackedSession* table : {now_, before_}) {
        const TrackedSession* cell = CellOf(table, pid);
        if (cell != nullptr && cell->pid == pid && cell->started_at_us == started_at_us) {
            return cell;
        }
    }
    return nullptr;
}

void PoolWatch::Begin(std::uint64_t now_us, std::uint64_t stats_since_us) noexcept {
    now_us_ = now_us;
    if (pools_->stats_since_us != stats_since_us) {
        std::memset(static_cast<void*>(pools_), 0, sizeof(*pools_));
        pools_->stats_since_us = stats_since_us;
    }
    std::swap(before_, now_);
    std::memset(static_cast<void*>(now_), 0, cells_ * sizeof(*now_));
    glances_ = {};
}

// Counts the session as opened when it is new. Returns the pool's place.
std::uint32_t PoolWatch::Track(const PoolKey& key, std::uint32_t pid,
                               std::uint64_t started_at_us) noexcept {
    const TrackedSession* known = Known(pid, started_at_us);
    const std::uint32_t last = known != nullptr ? known->pool : kOtherPools;
    const std::uint32_t transaction = known != nullptr ? known->transaction : 0;
    const bool stays = last < pools_->used && pools_->pools[last].key == key;
    const std::uint32_t pool = stays ? last : pools_->PlaceFor(key, now_us_);
    if (pool == kOtherPools && (known == nullptr || last != kOtherPools)) {
        ++pools_->put_aside;
    }
    pools_->pools[pool].last_seen_us = now_us_;
    glances_[pool].opened += known == nullptr ? 1 : 0;
    TrackedSession* cell = CellOf(now_, pid);
    // A process number may be there twice: the session that has it now, and one that has ended.
    if (cell != nullptr && (cell->pid == 0 || cell->started_at_us <= started_at_us)) {
        *cell = {pid, pool, started_at_us, transaction, 0};
    }
    return pool;
}

void PoolWatch::NoteEnded(const EndedSession& session) noexcept {
    if (Known(session.pid, session.started_at_us) == nullptr) {
        Track(session.pool, session.pid, session.started_at_us);
    }
}

void PoolWatch::See(const SeenSession& session) noexcept {
    const std::uint32_t place = Track(session.pool, session.pid, session.started_at_us);
    Glance& glance = glances_[place];
    ++glance.sessions;
    glance.checked_out += IsCheckedOut(session.state) ? 1 : 0;
    if (IsIdleInTransaction(session.state)) {
        ++glance.in_transaction;
        glance.lingering += IsOlder(session.state_since_us, kLingerUs, now_us_) ? 1 : 0;
    }
}

void PoolWatch::NoteTransaction(std::uint32_t pid, std::uint32_t number) noexcept {
    TrackedSession* cell = CellOf(now_, pid);
    if (cell == nullptr || cell->pid != pid) {
        return;
    }
    const std::uint32_t passed = cell->transaction == 0 ? 1 : number - cell->transaction;
    cell->transaction = number;
    glances_[cell->pool].transactions += passed;
}

void PoolWatch::NoteWaiting(std::uint32_t dbid, const char (&application)[kNameBytes],
                            std::uint32_t clients) noexcept {
    std::uint32_t most = kOtherPools;
    for (std::uint32_t place = 0; place < pools_->used; ++place) {
        const PoolKey& key = pools_->pools[place].key;
        if (key.dbid == dbid && std::memcmp(key.application, application, kNameBytes) == 0 &&
            (most == kOtherPools || glances_[place].sessions > glances_[most].sessions)) {
            most = place;
        }
    }
    if (most != kOtherPools) {
        glances_[most].waiting = clients;
    }
}

// A window that has seen too little goes on.
void PoolWatch::CloseIfDue(ObservedPool& pool) const noexcept {
    const PoolFigures& figures = pool.current.figures;
    if (!IsOlder(figures.begun_at_us, kWindowUs, now_us_) || !figures.IsEnough()) {
        return;
    }
    const PoolFigures& busiest = pool.busiest.figures;
    if (figures.MeanDemand() >= busiest.MeanDemand() ||
        IsOlder(busiest.ended_at_us, kPoolLifeUs, now_us_)) {
        pool.busiest = pool.current;
    }
    pool.last = figures;
    pool.current = {};
}

void PoolWatch::AddGlance(ObservedPool& pool, const Glance& glance) const noexcept {
    const std::uint32_t demand = glance.checked_out + glance.waiting;
    PoolFigures& figures = pool.current.figures;
    if (figures.begun_at_us == 0) {
        figures.begun_at_us = now_us_;
    }
    figures.ended_at_us = now_us_;
    ++figures.looks;
    figures.waiting_looks += glance.waiting > 0 ? 1 : 0;
    figures.full_looks += glance.sessions > 0 && glance.checked_out == glance.sessions ? 1 : 0;
    figures.peak_sessions = std::max(figures.peak_sessions, glance.sessions);
    figures.peak_demand = std::max(figures.peak_demand, demand);
    figures.sessions += glance.sessions;
    figures.checked_out += glance.checked_out;
    figures.waiting += glance.waiting;
    figures.in_transaction += glance.in_transaction;
    figures.lingering += glance.lingering;
    figures.opened += glance.opened;
    figures.transactions += glance.transactions;
    if (demand > 0) {
        ++figures.busy_looks;
        pool.current.Add(demand);
    }
}

void PoolWatch::End() noexcept {
    for (std::uint32_t place = 0; place <= kOtherPools; ++place) {
        const Glance& glance = glances_[place];
        ObservedPool& pool = pools_->pools[place];
        pool.sessions = glance.sessions;
        if (place >= pools_->used && place != kOtherPools) {
            continue;
        }
        if (glance.sessions > 0 || glance.opened > 0) {
            pool.opened += glance.opened;
            pool.peak_checked_out = std::max(pool.peak_checked_out, glance.checked_out);
            AddGlance(pool, glance);
        }
        CloseIfDue(pool);
    }
    pools_->ForgetOld(now_us_);
    pools_->looked_at_us = now_us_;
}

}  // namespace elile::core
