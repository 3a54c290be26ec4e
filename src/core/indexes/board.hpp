// The board shows to all processes which databases have index builds to do, and which builds are at
// work.
//
// The builds to do stand in each database's journal, a table; the board only says where to look and
// who is at work. After a crash the keeper empties it and has all journals looked at again.
#pragma once

#include <array>
#include <cstdint>

#include "core/shared/part.hpp"

namespace elile::core {

inline constexpr std::uint32_t kWantedDatabases = 64;
inline constexpr std::uint32_t kBuildSlots = 16;

// A slot is that of one build; all zero is free. Its key releases the pid to whoever loads or takes
// it.
struct BuildSlot {
    Word key;      // BuildKey(); 0 free
    HalfWord pid;  // of the builder; 0 until it runs
    HalfWord unused;
};
static_assert(sizeof(BuildSlot) == 16);

// A build's number is its row in the journal of its database. The low half tells builds apart,
// since no database has 2^32 at once.
inline std::uint64_t BuildKey(std::uint32_t dbid, std::uint64_t build) noexcept {
    return std::uint64_t{dbid} << 32 | static_cast<std::uint32_t>(build);
}

class BuildBoard : public Part {
public:
    // It lies in shared memory; all zero is empty. Any process writes.
    struct Shared {
        std::array<HalfWord, kWantedDatabases> wanted;  // oids; 0 free
        HalfWord all_wanted;
        HalfWord out_of_workers;
        HalfWord taken;  // slots
        HalfWord unused;
        std::array<BuildSlot, kBuildSlots> slots;
    };

    void Carve(Carver& carver, const SegmentSizes&) noexcept { shared_ = carver.Take<Shared>(); }

    // Asks for somebody to look into the journal of this database. Returns false without room.
    bool Want(std::uint32_t dbid) noexcept;
    // Returns the database that is wanted at this place, or 0.
    std::uint32_t WantedAt(std::uint32_t place) const noexcept {
        return Get(shared_->wanted[place]);
    }
    void Withdraw(std::uint32_t place) noexcept {
        shared_->wanted[place].exchange(0, std::memory_order_acq_rel);
    }

    // Asks for somebody to look into the journals of all databases.
    // It releases the journal's rows, which are written, to who then looks there.
    void WantAll() noexcept { shared_->all_wanted.store(1, std::memory_order_release); }
    bool TakeAllWanted() noexcept {
        return shared_->all_wanted.exchange(0, std::memory_order_acquire) != 0;
    }

    // This is whether the last attempt to start a worker found none free, for index_builds to tell.
    void SetOutOfWorkers(bool out) noexcept { Put(shared_->out_of_workers, out ? 1U : 0U); }
    bool IsOutOfWorkers() const noexcept { return Get(shared_->out_of_workers) != 0; }

    // Returns the slot's number, or kBuildSlots when `limit` are taken. Two that take at the same
    // moment may both be refused the last one.
    std::uint32_t Take(std::uint64_t key, std::uint32_t limit) noexcept;
    // Does nothing when the slot is another build's by now.
    void Free(std::uint32_t slot, std::uint64_t key) noexcept;
    bool Has(std::uint64_t key) const noexcept;
    // Returns the process number of the builder, or 0 when there is none.
    std::uint32_t PidOf(std::uint64_t key) const noexcept;
    void SetPid(std::uint32_t slot, std::uint32_t pid) noexcept {
        shared_->slots[slot].pid.store(pid, std::memory_order_release);
    }

    const BuildSlot& At(std::uint32_t slot) const noexcept { return shared_->slots[slot]; }

    // Empties the board, since whoever had a slot is dead. All journals are looked at again.
    std::uint64_t Repair() noexcept;

private:
    Shared* shared_ = nullptr;
};

}  // namespace elile::core
