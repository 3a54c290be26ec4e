#include "core/statements/slow_ring.hpp"

#include <utility>

#include "core/shared/words.hpp"

namespace elile::core {

SlowRecord SlowRing::Copy(std::uint32_t slot) const noexcept {
    SlowRecord record;
    LoadWords(slots_[slot].words.data(), &record, sizeof(record));
    return record;
}

void SlowRing::Fill(std::uint32_t slot, const SlowRecord& record) noexcept {
    StoreWords(slots_[slot].words.data(), &record, sizeof(record));
}

void SlowRing::Release(const SlowRecord& record) noexcept {
    texts_.Release(record.text);
    details_.Release(record.plan);
    details_.Release(record.parameters);
}

std::uint64_t SlowRing::Write(SlowRecord record) noexcept {
    record.id = shared_->last_id.fetch_add(1, std::memory_order_relaxed) + 1;
    const auto index = static_cast<std::uint32_t>(record.id % size_);
    SlowSlot& slot = slots_[index];
    const std::uint64_t before = slot.sequence.Seen();
    if (before > 2 * record.id || !slot.sequence.TryBegin(before, 2 * record.id - 1)) {
        Add(shared_->dropped, 1);
        Release(record);
        return record.id;
    }
    const SlowRecord old = before != 0 ? Copy(index) : SlowRecord{};
    Fill(index, record);
    slot.sequence.End(2 * record.id);
    Release(old);
    return record.id;
}

void SlowRing::Attach(std::uint64_t id, SlowDetails details) noexcept {
    const auto index = static_cast<std::uint32_t>(id % size_);
    SlowSlot& slot = slots_[index];
    if (!slot.sequence.TryBegin(2 * id, 2 * id - 1)) {
        details_.Release(details.plan);
        details_.Release(details.parameters);
        return;
    }
    SlowRecord record = Copy(index);
    record.plan_id = details.plan_id;
    if (record.plan == 0) {
        std::swap(record.plan, details.plan);
    }
    if (record.parameters == 0) {
        std::swap(record.parameters, details.parameters);
    }
    Fill(index, record);
    slot.sequence.End(2 * id);
    details_.Release(details.plan);
    details_.Release(details.parameters);
}

bool SlowRing::Holds(std::uint64_t id) const noexcept {
    return slots_[id % size_].sequence.IsStill(2 * id);
}

bool SlowRing::ReadAt(std::uint32_t slot, SlowRecord* record) const noexcept {
    const std::uint64_t sequence = slots_[slot].sequence.Seen();
    *record = Copy(slot);
    return sequence != 0 && sequence == 2 * record->id && Holds(record->id);
}

void SlowRing::Restore(const SlowRecord& record) noexcept {
    const std::uint64_t last = LastId();
    const auto index = static_cast<std::uint32_t>(record.id % size_);
    const bool is_of_ring = record.id != 0 && record.id <= last && record.id + size_ > last;
    if (!is_of_ring || !slots_[index].sequence.TryBegin(0, 2 * record.id - 1)) {
        Release(record);
        return;
    }
    Fill(index, record);
    slots_[index].sequence.End(2 * record.id);
}

SlowRing::Reading SlowRing::Read(std::uint64_t id, SlowRecord* record) const noexcept {
    const auto slot = static_cast<std::uint32_t>(id % size_);
    const Sequence& sequence = slots_[slot].sequence;
    if (sequence.Seen() == 2 * id) {
        *record = Copy(slot);
        if (Holds(id)) {
            return Reading::kWhole;
        }
    }
    const std::uint64_t seen = sequence.Seen();
    return seen == 2 * id || seen == 2 * id - 1 ? Reading::kBusy : Reading::kGone;
}

void SlowRing::ForgetSlot(std::uint32_t slot, std::uint64_t sequence) noexcept {
    if (!slots_[slot].sequence.TryBegin(sequence, sequence - 1)) {
        return;
    }
    const SlowRecord old = Copy(slot);
    slots_[slot].sequence.End(0);
    Release(old);
}

void SlowRing::Forget(const ResetScope& scope) noexcept {
    for (std::uint32_t slot = 0; slot < size_; ++slot) {
        const std::uint64_t sequence = slots_[slot].sequence.Seen();
        if (sequence == 0 || !Sequence::IsWhole(sequence)) {
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
        if (slots_[slot].sequence.Mend()) {
            slots_[slot].sequence.End(0);
            ++mended;
        } else if (slots_[slot].sequence.Seen() != 0) {
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
