// These parts of the segment are each published by one process for others to read.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/pools/observed.hpp"
#include "core/shared/published.hpp"
#include "core/snapshot/snapshot.hpp"

namespace elile::core {

// The keeper publishes SnapshotHead, then the SnapshotSeries that are in use.
class PublishedSnapshot : public Published {
public:
    // The head and all series of the layout.
    std::size_t MostBytes() const noexcept { return BytesFor(layout.Size()); }
    // These return false only when nothing was published yet. `head` has room for MostBytes() where
    // series follow it, and then says that no more series follow than there is room for.
    bool ReadHead(SnapshotHead* head) const noexcept { return Read(head, sizeof(*head)); }
    bool ReadWithSeries(SnapshotHead* head) const noexcept {
        return ReadWords([&](const Word* words) {
            LoadWords(words, head, sizeof(*head));
            head->series = std::min(head->series, layout.Size());
            LoadWords(words + WordsFor(sizeof(*head)), head + 1,
                      head->series * sizeof(SnapshotSeries));
        });
    }
    void WriteWithSeries(const SnapshotHead* head) noexcept { Write(head, BytesFor(head->series)); }

    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept {
        layout = {sizes.series_tables};
        Published::Carve(carver, MostBytes());
        origins = carver.Take<SeriesCounters>(layout.Size());
        begins_anew_ = carver.Take<Word>();
    }

    // Has all series begin from zero at the first snapshot.
    void BeginAnew() noexcept { Put(*begins_anew_, 1); }
    bool BeginsAnew() const noexcept { return Get(*begins_anew_) != 0; }

    SeriesLayout layout = {};
    // Where each series began from zero. They are the keeper's alone, but before the first snapshot
    // and after its end, when they are who saves and restores.
    SeriesCounters* origins = nullptr;

private:
    static std::size_t BytesFor(std::uint32_t series) noexcept {
        return sizeof(SnapshotHead) + series * sizeof(SnapshotSeries);
    }

    Word* begins_anew_ = nullptr;  // 1: the figures so far were restored after a crash
};

// A worker publishes the IndexStatistics that it collected.
class PublishedIndexes : public Published {
public:
    void Carve(Carver& carver, const SegmentSizes&) noexcept {
        Published::Carve(carver, sizeof(IndexStatistics));
    }
};

// The keeper publishes ExporterStatus.
class PublishedExporter : public Published {
public:
    // It lies in shared memory; the keeper writes.
    struct Shared {
        Word starts;          // times that the exporter was started
        Word logins_denied;   // log-ins with a user or password that is wrong
        Word logins_refused;  // log-ins that found no place to be checked
    };

    void Carve(Carver& carver, const SegmentSizes&) noexcept {
        Published::Carve(carver, sizeof(ExporterStatus));
        shared = carver.Take<Shared>();
    }

    Shared* shared = nullptr;
};

// The keeper publishes ObservedPools.
class PublishedPools : public Published {
public:
    void Carve(Carver& carver, const SegmentSizes&) noexcept {
        Published::Carve(carver, sizeof(ObservedPools));
        put_aside = carver.Take<Word>();
        unread = carver.Take<Word>();
    }

    // Copies the pool that was at this place of those observed since then, by stats_since_us.
    // Returns false where there was none.
    bool ReadPool(std::uint32_t place, std::uint64_t since_us, ObservedPool* pool) const noexcept {
        constexpr std::size_t kFirst = offsetof(ObservedPools, pools);
        static_assert(sizeof(*pool) % sizeof(Word) == 0 && kFirst % sizeof(Word) == 0);
        std::uint64_t seen_since_us = 0;
        std::uint32_t used = 0;
        const bool is_there = ReadWords([&](const Word* words) {
            LoadWords(words + offsetof(ObservedPools, stats_since_us) / sizeof(Word),
                      &seen_since_us, sizeof(seen_since_us));
            LoadWords(words + offsetof(ObservedPools, used) / sizeof(Word), &used, sizeof(used));
            LoadWords(words + (kFirst + place * sizeof(*pool)) / sizeof(Word), pool, sizeof(*pool));
        });
        return is_there && seen_since_us == since_us && (place < used || place == kOtherPools);
    }

    Word* put_aside = nullptr;  // sessions and pools that are summed as other; the keeper
    Word* unread = nullptr;     // times that a session could not be read; any process adds
};

}  // namespace elile::core
