// All processes see how far the figures are saved, and what was restored when the server started.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/shared/part.hpp"

namespace elile::core {

// From where the figures were restored. From kNoFile on: from nowhere, and why.
enum class RestoredFrom : std::uint32_t {
    kNotYet,
    kClean,
    kCrash,
    kNoFile,
    kEmpty,
    kDamaged,
    kOtherFormat,
    kOtherMajor,
    kOtherCluster,
    kOtherDirectory,
    kUnreadable,
    kUnmarked,
    kNoMemory,
    kInterrupted,
    kNoSaver
};
inline constexpr std::array<std::string_view, 15> kRestoredFromNames = {
    "not yet",
    "clean",
    "crash",
    "none: nothing was saved",
    "none: the saved file is empty",
    "none: the saved file is damaged",
    "none: the saved file has another format",
    "none: the saved file is of another major version of the server",
    "none: the saved file is of another database cluster",
    "none: the saved file is of another data directory",
    "none: the saved file could not be read",
    "none: the saved file could not be marked as read",
    "none: memory was short",
    "none: the process that restored was ended",
    "none: no process saves and restores"};

// There is room for so many limits (core/limits.hpp).
inline constexpr std::size_t kMostLimits = 64;

class SaveState : public Part {
public:
    // It lies in shared memory. The saver writes; any process counts resets.
    struct Shared {
        HalfWord is_restoring;  // 1 until all that was saved was added
        HalfWord restored_from;
        HalfWord is_kept;  // 1 while a keeper is at work; the keeper
        HalfWord unused;
        Word saved_at_us;  // all that was counted until then is saved; microseconds since
                           // 2000-01-01 UTC, 0 never
        Word saved_bytes;  // in the files
        Word failures;     // saves that could not be written
        Word left_out;     // statements that are in their table's figures only, for want of room
        Word damaged;      // runs of records that could not be read
        Word resets;
        Word is_periodic;  // 1: what was saved last is never old, but for a fault
        // By limit: how often it was hit before the start, and how much of that metrics hide.
        std::array<Word, kMostLimits> limits;
        std::array<Word, kMostLimits> hidden;
    };

    void Carve(Carver& carver, const SegmentSizes&) noexcept { shared = carver.Take<Shared>(); }

    bool IsRestoring() const noexcept {
        return shared->is_restoring.load(std::memory_order_acquire) != 0;
    }
    RestoredFrom From() const noexcept {
        return static_cast<RestoredFrom>(Get(shared->restored_from) % kRestoredFromNames.size());
    }
    void EndRestoring(RestoredFrom from) noexcept {
        Put(shared->restored_from, static_cast<std::uint32_t>(from));
        shared->is_restoring.store(0, std::memory_order_release);
    }
    // A reset is to be saved soon.
    void Forget(const ResetScope&) noexcept { Add(shared->resets, 1); }

    Shared* shared = nullptr;
};

}  // namespace elile::core
