// From the segment to a Model.
#pragma once

#include "exporter/model.hpp"
#include "exporter/rates.hpp"
#include "exporter/segment_view.hpp"

namespace elile::exporter {

// Any thread.
class Reader {
public:
    explicit Reader(const SegmentView& segment) : segment_(segment.Segment()) {}

    Model Read() const;

    // Only health and sample_age_seconds.
    Model ReadHealth() const;

    // Takes notice of the sample for the rates; call it about once a second.
    void NoteSample();

private:
    const core::Segment& segment_;
    RateWindow rates_;
};

// In words, for people and load balancers.
std::string DescribeHealth(const Model& model);

}  // namespace elile::exporter
