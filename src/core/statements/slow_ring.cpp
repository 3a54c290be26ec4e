#include "core/statements/slow_ring.hpp"

#include <cstring>
#include <utility>

namespace elile::core {

SlowRecord SlowRing::Copy(std::uint32_t slot) const noexcept {
    SlowRecord record;
    for (std::size_t at = 0; at < slots_[slot].words.size(); ++at) {
        const std::uint64_t word = Get(slots_[slot].words[at]);
        std::memcpy(reinterpret_cast<char*>(&record) + at * 8, &word, 8);
    }
    return record;
}

void SlowRing::Fill(std::uint32_t slot, const SlowRecord& record) noexcept {
    for (std::size_t at = 0; at < slots_[slot].words.size(); ++at) {
        std::uint64_t word = 0;
        std::memcpy(&word, reinterpret_cast<const char*>(&record) + at * 8, 8);
        Put(slots_[slot].words[at], word);
    }
}

void SlowRing::Release(const SlowRecord& record) noexcept {
    texts_.Release(record.text);
    details_.Release(record.plan);
    details_.Release(record.parameters);
}

std::uint64_t SlowRing::Write(SlowRecord record) noexcept {
    record.id = shared_->last_id.fetch_add(1, std::memory_order_acq_rel) + 1;
    const auto index = static_cast<std::uint32_t>(record.id % size_);
    SlowSlot& slot = slots_[index];
    std::uint64_t before = Get(slot.sequence);
    if ((before & 1) != 0 || before > 2 * record.id ||
        !slot.sequence.compare_exchange_strong(before, 2 * record.id - 1,
                                               std::memory_order_acq_rel)) {
        Add(shared_->dropped, 1);
        Release(record);
        return record.id;
    }
    std::atomic_thread_fence(std::memory_order_release);
    const SlowRecord old = before != 0 ? Copy(index) : SlowRecord{};
    Fill(index, record);
    slot.sequence.store(2 * record.id, std::memory_order_release);
    Release(old);
    return record.id;
}

void SlowRing::Attach(std::uint64_t id, SlowDetails details) noexcept {
    const auto index = static_cast<std::uint32_t>(id % size_);
    SlowSlot& slot = slots_[index];
    std::uint64_t sequence = 2 * id;
    if (!slot.sequence.compare_exchange_strong(sequence, 2 * id - 1, std::memory_order_acq_rel)) {
        details_.Release(details.plan);
        details_.Release(details.parameters);
        return;
    }
    std::atomic_thread_fence(std::memory_order_release);
    SlowRecord record = Copy(index);
    record.plan_id = details.plan_id;
    if (record.plan == 0) {
        std::swap(record.plan, details.plan);
    }
    if (record.parameters == 0) {
        std::swap(record.parameters, details.parameters);
    }
    Fill(index, record);
    slot.sequence.store(2 * id, std::memory_order_release);
    details_.Release(details.plan);
    details_.Release(details.parameters);
}

bool SlowRing::Holds(std::uint64_t id) const noexcept {
    std::atomic_thread_fence(std::memory_order_acquire);
    return slots_[id % size_].sequence.load(std::memory_order_acquire) == 2 * id;
}

bool SlowRing::Read(std::uint64_t id, SlowRecord* record) const noexcept {
    if (!Holds(id)) {
        return false;
    }
    *record = Copy(static_cast<std::uint32_t>(id % size_));
    return Holds(id);
}

void SlowRing::ForgetSlot(std::uint32_t slot, std::uint64_t sequence) noexcept {
    if (!slots_[slot].sequence.compare_exchange_strong(sequence, sequence - 1,
                                                       std::memory_order_acq_rel)) {
        return;
    }
    const SlowRecord old = Copy(slot);
    slots_[slot].sequence.store(0, std::memory_order_release);
    Release(old);
}

void SlowRing::Forget(const ResetScope& scope) noexcept {
    for (std::uint32_t slot = 0; slot < size_; ++slot) {
        const std::uint64_t sequence = slots_[slot].sequence.load(std::memory_order_acquire);
        if (sequence == 0 || (sequence & 1) != 0) {
            continue;
        }
        const SlowRecord record = Copy(slot);
        if (scope.Picks(record.userid, record.dbid, record.queryid)) {
            ForgetSlot(slot, sequence);
        }
    }
}

std::uint64_t SlowRing::Repair() noexcept {
    std::uint64_t mended = 0;
    for (std::uint32_t slot = 0; slot < size_; ++slot) {
        const std::uint64_t sequence = Get(slots_[slot].sequence);
        if ((sequence & 1) != 0) {
            Put(slots_[slot].sequence, 0);
            ++mended;
        } else if (sequence != 0) {
            SlowRecord record = Copy(slot);
            record.text = texts_.Keep(record.text) ? record.text : 0;
            record.plan = details_.Keep(record.plan) ? record.plan : 0;
            record.parameters = details_.Keep(record.parameters) ? record.parameters : 0;
            Fill(slot, record);
        }
    }
    return mended;
}

}  // namespace elile::core
