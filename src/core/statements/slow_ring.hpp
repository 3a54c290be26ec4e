// The ring keeps the last slow executions, each in a slot that is readable while others are
// written.
//
// A writer takes the next number, claims the slot by making its sequence odd and publishes it by
// making it even. When the slot's last writer has not finished (lapped by a whole ring), the newer
// record is dropped and counted. Nobody waits.
#pragma once

#include <array>
#include <cstdint>

#include "core/shared/atomics.hpp"
#include "core/shared/part.hpp"
#include "core/shared/sequence_lock.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/slow_record.hpp"

namespace elile::core {

// It lies in shared memory.
struct alignas(kCacheLine) SlowSlot {
    SequenceLock<std::uint64_t> sequence;  // 2 * id when the record with that id is complete
    std::array<Word, sizeof(SlowRecord) / 8> words;
};

class SlowRing : public Part {
public:
    // It lies in shared memory.
    struct Shared {
        Word last_id;  // any process
        Word dropped;  // records not kept: their slot was being written; any process
    };

    void Carve(Carver& carver, const SegmentSizes& sizes, const TextPool& texts,
               const TextPool& details) noexcept {
        shared_ = carver.Take<Shared>();
        slots_ = carver.Take<SlowSlot>(sizes.slow_ring);
        size_ = sizes.slow_ring;
        texts_ = texts;
        details_ = details;
    }

    // Takes over the record's references, also when it is dropped. Returns its id.
    std::uint64_t Write(SlowRecord record) noexcept;
    // Takes over the references, which are dropped when the record is no longer there or has such a
    // text already.
    void Attach(std::uint64_t id, SlowDetails details) noexcept;

    // A record that is gone was overwritten or forgotten. One that is busy is being written, or was
    // just now: the next look may find it.
    enum class Reading { kWhole, kBusy, kGone };
    // Copies the record with this id where it is whole. Its texts are the record's as long as
    // Holds() says so after they were read.
    Reading Read(std::uint64_t id, SlowRecord* record) const noexcept;
    bool Holds(std::uint64_t id) const noexcept;
    // Copies the record that is in this slot. Returns false where none is whole.
    bool ReadAt(std::uint32_t slot, SlowRecord* record) const noexcept;

    // Has records that come get higher ids than this one.
    void RaiseLastId(std::uint64_t id) noexcept { RaiseTo(shared_->last_id, id); }
    // Takes over the references of a record that was here before a restart, with its id. It finds
    // its slot free, unless the ring is smaller or others have come.
    void Restore(const SlowRecord& record) noexcept;

    // The record itself is published by its slot.
    std::uint64_t LastId() const noexcept { return Get(shared_->last_id); }
    std::uint64_t Dropped() const noexcept { return Get(shared_->dropped); }
    std::uint32_t Size() const noexcept { return size_; }

    // Visits each complete record, as it was at some moment meanwhile.
    template <typename Visit>
    void ForEach(Visit visit) const noexcept {
        SlowRecord record;
        for (std::uint32_t slot = 0; slot < size_; ++slot) {
            if (ReadAt(slot, &record)) {
                visit(record);
            }
        }
    }

    // Empties slots left half-written, and keeps the texts of the others but for broken ones.
    // Returns how many slots were emptied.
    std::uint64_t Repair() noexcept;
    void Forget(const ResetScope& scope) noexcept;

private:
    using Sequence = SequenceLock<std::uint64_t>;

    SlowRecord Copy(std::uint32_t slot) const noexcept;
    void Fill(std::uint32_t slot, const SlowRecord& record) noexcept;
    void Release(const SlowRecord& record) noexcept;
    void ForgetSlot(std::uint32_t slot, std::uint64_t sequence) noexcept;

    Shared* shared_ = nullptr;
    SlowSlot* slots_ = nullptr;
    std::uint32_t size_ = 0;
    TextPool texts_;
    TextPool details_;
};

}  // namespace elile::core
