// The statistics segment, mapped so that nothing here can write to it.
#pragma once

#include <cstddef>
#include <memory>

namespace elile::core {
class OwnSegment;
struct Segment;
}  // namespace elile::core

namespace elile::exporter {

class SegmentView {
public:
    // Throws std::runtime_error when the segment cannot be mapped, or is another version's.
    explicit SegmentView(int descriptor);
    SegmentView(const SegmentView&) = delete;
    SegmentView& operator=(const SegmentView&) = delete;
    ~SegmentView();

    const core::Segment& Segment() const;

private:
    void* memory_;
    std::size_t bytes_;
    std::unique_ptr<core::OwnSegment> segment_;
};

}  // namespace elile::exporter
