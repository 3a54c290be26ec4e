// The statistics segment, mapped so that nothing here can write to it.
#pragma once

#include <cstddef>

#include "core/segment.hpp"

namespace elile::exporter {

class SegmentView {
public:
    // Throws std::runtime_error when the segment cannot be mapped, or is another version's.
    explicit SegmentView(int descriptor);
    SegmentView(const SegmentView&) = delete;
    SegmentView& operator=(const SegmentView&) = delete;
    ~SegmentView();

    const core::Segment& Segment() const { return segment_; }

private:
    void* memory_;
    std::size_t bytes_;
    core::Segment segment_;
};

}  // namespace elile::exporter
