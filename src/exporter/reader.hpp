// Reads a Model from the segment.
#pragma once

#include "exporter/model.hpp"
#include "exporter/rates.hpp"
#include "exporter/segment_view.hpp"

namespace elile::exporter {

// Any thread may use it.
class Reader {
public:
    explicit Reader(const SegmentView& segment) : segment_(segment.Segment()) {}

    Model Read() const;

    // Fills only health and snapshot_age_seconds.
    Model ReadHealth() const;

    // Adds the present snapshot to the rates; must be called about once a second.
    void NoteSnapshot();

private:
    const core::Segment& segment_;
    RateWindow rates_;
};

// Returns the health in words, for people and load balancers.
std::string DescribeHealth(const Model& model);

}  // namespace elile::exporter
