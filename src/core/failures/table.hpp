// The table has what clients asked for and did not get: by whom, in which phase, with which error.
//
// A row's identity is guarded by a sequence lock, and found by its hash in a dense array of heads.
// Its details are guarded by another one, since each failure writes them and few change the
// identity. A writer that finds another one writing details leaves it to that one.
//
// Whoever counts may be in a critical section, or out of memory. It takes no lock, waits for
// nobody, and looks at each head at most a few times.
#pragma once

#include <array>
#include <cstdint>

#include "core/failures/failure.hpp"
#include "core/shared/atomics.hpp"
#include "core/shared/part.hpp"
#include "core/shared/sequence_lock.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/words.hpp"

namespace elile::core {

// Failures to connect have rows of their own, since their names are any stranger's.
inline constexpr std::uint32_t kSessionFailures = 1024;
inline constexpr std::uint32_t kConnectFailures = 64;
inline constexpr std::uint32_t kFailures = kSessionFailures + kConnectFailures;
// A row that nobody has added to for so long gives way when there is no other room.
inline constexpr std::uint64_t kFailureLifeUs = UINT64_C(24) * 3600 * 1000 * 1000;
inline constexpr std::uint64_t kConnectLifeUs = UINT64_C(600) * 1000 * 1000;
// So many (phase, sqlstate) of a database have a series of their own.
inline constexpr std::uint32_t kErrorPairs = 100;
// The databases of the directory, those without a place in it, and none.
inline constexpr std::uint32_t kErrorDatabases = kDatabases + 2;
inline constexpr std::uint32_t kNoErrorDatabase = kDatabases + 1;

// It lies in shared memory. Any process writes; all zero is free.
struct FailureHead {
    using Sequence = SequenceLock<std::uint32_t>;

    Sequence sequence;  // of hash and key
    HalfWord unused;
    Word hash;      // of the key; 0 was never used
    Word first_us;  // 0: forgotten
    Word last_us;
    Word count;  // below the lowest 24 bits of the sequence's number
};

// It lies in shared memory. Any process writes.
struct FailureBody {
    std::array<Word, WordsFor(sizeof(FailureKey))> key;
    FailureHead::Sequence sequence;  // of what follows
    HalfWord generation;             // the head's sequence for which the details were written
    std::array<Word, WordsFor(sizeof(FailureDetails))> details;
};

// It lies in shared memory. Any process writes.
struct ErrorPair {
    Word key;  // phase and sqlstate, never 0; 0 is free
    Word count;
    Word origin;  // of the count that was restored and is no part of the series
};
struct ErrorDatabase {
    Word outside;  // failures that are no failed execution at top level
    Word other;    // failures whose pair found no place
    Word other_origin;
    std::array<ErrorPair, kErrorPairs> pairs;
};

class Failures : public Part {
public:
    // It lies in shared memory; any process writes.
    struct Shared {
        Word overflow;          // failures without a row
        Word connect_overflow;  // failures to connect without a row
        std::array<ErrorDatabase, kErrorDatabases> databases;
    };

    void Carve(Carver& carver, const SegmentSizes&, const TableDirectory& databases) noexcept {
        shared_ = carver.Take<Shared>();
        heads_ = carver.Take<FailureHead>(kFailures);
        bodies_ = carver.Take<FailureBody>(kFailures);
        databases_ = databases;
    }

    // Counts the failure in its row. Without room for it, the overflow is counted.
    void Note(const FailureKey& key, const FailureDetails& details, std::uint64_t now_us) noexcept;
    // Counts the failure in its series. `database` is an index in the directory, or
    // kNoErrorDatabase. `is_outside` says that no execution at top level failed with it.
    void CountError(std::uint32_t database, Phase phase, std::uint32_t sqlstate,
                    bool is_outside) noexcept;

    // Adds to the row what was counted before a restart.
    void Restore(const FailureCopy& saved) noexcept;
    // The same for the series, of which an error without an SQLSTATE is `other`.
    void RestoreError(std::uint32_t database, const ErrorCount& saved) noexcept;
    void RestoreOutside(std::uint32_t database, std::uint64_t outside) noexcept {
        Add(shared_->databases[database].outside, outside);
    }

    // Returns false where there is nothing to show at this index.
    bool Read(std::uint32_t index, FailureCopy* copy) const noexcept;
    // The last of a database's kErrorPairs + 1 series is that of the others.
    ErrorCount ReadSeries(std::uint32_t database, std::uint32_t pair) const noexcept;
    std::uint64_t Outside(std::uint32_t database) const noexcept {
        return Get(shared_->databases[database].outside);
    }

    std::uint64_t Overflow() const noexcept { return Get(shared_->overflow); }
    std::uint64_t ConnectOverflow() const noexcept { return Get(shared_->connect_overflow); }

    // Forgets rows that a dead process left half written. Returns how many.
    std::uint64_t Repair() noexcept;
    void Forget(const ResetScope& scope) noexcept;

private:
    struct Share;
    struct Place;
    enum class Identity;

    void Count(ErrorDatabase& counts, const ErrorCount& error) noexcept;
    Identity Compare(const Place& place, const FailureKey& key) const noexcept;
    bool Search(const Share& share, std::uint64_t hash, const FailureKey& key, std::uint64_t now_us,
                Place* found, Place* free) const noexcept;
    bool Begin(Place* place, std::uint64_t hash, const FailureKey& key,
               std::uint64_t now_us) noexcept;
    bool FindOrClaim(const FailureKey& key, std::uint64_t now_us, Place* place) noexcept;
    void JoinDuplicates(const Share& share, std::uint64_t hash, const FailureKey& key,
                        Place* own) noexcept;
    std::uint64_t ForgetOne(const Place& place) noexcept;
    bool AddTo(const Place& place, std::uint64_t count) noexcept;
    Word& OverflowFor(const FailureKey& key) noexcept {
        return key.phase == Phase::kConnect ? shared_->connect_overflow : shared_->overflow;
    }
    bool CopyKey(const Place& place, FailureKey* key) const noexcept;
    void WriteDetails(const Place& place, const FailureDetails& details) noexcept;

    Shared* shared_ = nullptr;
    FailureHead* heads_ = nullptr;
    FailureBody* bodies_ = nullptr;
    TableDirectory databases_;
};

}  // namespace elile::core
