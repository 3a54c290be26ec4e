#include "exporter/segment_view.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "core/segment_parts.hpp"

namespace elile::exporter {

SegmentView::SegmentView(int descriptor) {
    struct stat status {};
    if (fstat(descriptor, &status) != 0) {
        throw std::system_error(errno, std::generic_category(), "could not look at the segment");
    }
    bytes_ = static_cast<std::size_t>(status.st_size);
    memory_ = mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, descriptor, 0);
    if (memory_ == MAP_FAILED) {
        throw std::system_error(errno, std::generic_category(), "could not map the segment");
    }
    if (!core::Segment::IsSound(memory_, bytes_)) {
        munmap(memory_, bytes_);
        throw std::runtime_error(
            "its program and the library that the server runs are of different versions: "
            "restart the server when both are installed");
    }
    segment_ = std::make_unique<core::OwnSegment>(memory_);
}

SegmentView::~SegmentView() { munmap(memory_, bytes_); }

const core::Segment& SegmentView::Segment() const { return *segment_; }

}  // namespace elile::exporter
