#include "core/slow_ring.hpp"

#include <cstring>

namespace elile::core {

SlowRecord SlowRing::Copy(std::uint32_t slot) const noexcept {
    SlowRecord record;
    for (std::size_t at = 0; at < slots_[slot].words.size(); ++at) {
        const std::uint64_t word = Get(slots_[slot].words[at]);
        std::memcpy(reinterpret_cast<char*>(&record) + at * 8, &word, 8);
    }
    return record;
}

void SlowRing::Write(SlowRecord record, TextPool& texts) noexcept {
    record.id = last_id_->fetch_add(1, std::memory_order_acq_rel) + 1;
    const auto index = static_cast<std::uint32_t>(record.id % size_);
    SlowSlot& slot = slots_[index];
    std::uint64_t before = Get(slot.sequence);
    if ((before & 1) != 0 || before > 2 * record.id ||
        !slot.sequence.compare_exchange_strong(before, 2 * record.id - 1,
                                               std::memory_order_acq_rel)) {
        Add(*dropped_, 1);
        texts.Release(record.text);
        return;
    }
    std::atomic_thread_fence(std::memory_order_release);
    const std::uint32_t old_text = before != 0 ? Copy(index).text : 0;
    for (std::size_t at = 0; at < slot.words.size(); ++at) {
        std::uint64_t word = 0;
        std::memcpy(&word, reinterpret_cast<const char*>(&record) + at * 8, 8);
        Put(slot.words[at], word);
    }
    slot.sequence.store(2 * record.id, std::memory_order_release);
    texts.Release(old_text);
}

bool SlowRing::Read(std::uint64_t id, const TextPool& texts, SlowRecord* record, char* text,
                    std::uint32_t* text_length, std::uint32_t* encoding) const noexcept {
    const auto index = static_cast<std::uint32_t>(id % size_);
    const SlowSlot& slot = slots_[index];
    if (slot.sequence.load(std::memory_order_acquire) != 2 * id) {
        return false;
    }
    *record = Copy(index);
    *text_length = texts.Read(record->text, text, encoding);
    std::atomic_thread_fence(std::memory_order_acquire);
    return Get(slot.sequence) == 2 * id;
}

void SlowRing::ForgetSlot(std::uint32_t slot, std::uint64_t sequence, TextPool& texts) noexcept {
    if (!slots_[slot].sequence.compare_exchange_strong(sequence, sequence - 1,
                                                       std::memory_order_acq_rel)) {
        return;
    }
    const std::uint32_t text = Copy(slot).text;
    slots_[slot].sequence.store(0, std::memory_order_release);
    texts.Release(text);
}

std::uint32_t SlowRing::Repair(TextPool& texts) noexcept {
    std::uint32_t emptied = 0;
    for (std::uint32_t slot = 0; slot < size_; ++slot) {
        const std::uint64_t sequence = Get(slots_[slot].sequence);
        if (sequence != 0 && ((sequence & 1) != 0 || !texts.Keep(Copy(slot).text))) {
            Put(slots_[slot].sequence, 0);
            ++emptied;
        }
    }
    return emptied;
}

}  // namespace elile::core
