// The table counts connections that the server refused because there were too many, by the names
// that the client gave. Which database and role these names are is not known yet then.
#pragma once

#include <array>
#include <cstdint>

#include "core/shared/atomics.hpp"
#include "core/shared/part.hpp"

namespace elile::core {

inline constexpr std::uint32_t kRefusals = 64;
// Refusals that lie further apart are not counted together.
inline constexpr std::uint64_t kRefusalLifeUs = UINT64_C(600) * 1000 * 1000;

// It lies in shared memory. Any process writes; all zero is free.
struct Refusal {
    Word key;               // hash of the names; 0 free
    Word second_and_count;  // of the last refusal, since 2000-01-01 UTC << 32 | count
    Word first_us;          // microseconds since 2000-01-01 UTC
};
static_assert(sizeof(Refusal) == 24);

struct RefusalCounts {
    std::uint64_t count;
    std::uint64_t first_us;
};

// The refusals of certain names, as they are saved.
struct SavedRefusals {
    std::uint64_t key;     // hash of the names
    std::uint32_t second;  // of the last one, since 2000-01-01 UTC
    std::uint32_t count;
    std::uint64_t first_us;
};

class Refusals : public Part {
public:
    // It lies in shared memory; any process writes.
    struct Shared {
        Word sum;
        std::array<Refusal, kRefusals> refusals;
    };

    void Carve(Carver& carver, const SegmentSizes&) noexcept { shared_ = carver.Take<Shared>(); }

    // Names beyond kRefusals are in the sum alone.
    void Note(const char* database, const char* user, const char* application,
              std::uint64_t now_us) noexcept;
    // Returns those of the last kRefusalLifeUs, and those before them without such a gap.
    RefusalCounts Read(const char* database, const char* user, const char* application,
                       std::uint64_t now_us) const noexcept;
    // Returns false where nothing is counted at this index.
    bool ReadAt(std::uint32_t index, SavedRefusals* refusals) const noexcept;
    // Adds what was counted by names before a restart, unless it is long over. The sum stays.
    void Restore(const SavedRefusals& saved) noexcept;
    std::uint64_t Sum() const noexcept { return Get(shared_->sum); }

private:
    Refusal* FindOrClaim(std::uint64_t key, std::uint64_t now_us) noexcept;

    Shared* shared_ = nullptr;
};

}  // namespace elile::core
