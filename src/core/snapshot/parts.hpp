// These parts of the segment are each published by one process for others to read.
#pragma once

#include "core/pools/observed.hpp"
#include "core/shared/published.hpp"
#include "core/snapshot/snapshot.hpp"

namespace elile::core {

// The keeper publishes SnapshotHead, then as many SnapshotSeries as the layout has.
class PublishedSnapshot : public Published {
public:
    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept {
        layout = {sizes.series_tables};
        Published::Carve(carver, sizeof(SnapshotHead) + layout.Size() * sizeof(SnapshotSeries));
        origins = carver.Take<SeriesCounters>(layout.Size());
    }

    SeriesLayout layout = {};
    SeriesCounters* origins = nullptr;  // where each series began from zero; the keeper's alone
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
    }

    Word* put_aside = nullptr;  // sessions and pools that are summed as other; the keeper
};

}  // namespace elile::core
