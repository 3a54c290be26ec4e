// The exporter's mapping of the segment: it sees what the server writes, and cannot write.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>

#include "exporter/segment_view.hpp"
#include "store/segment_file.hpp"
#include "unit/segment_fixture.hpp"

namespace elile {
namespace {

class SegmentViewTest : public testing::Test {
protected:
    SegmentViewTest()
        : bytes_(core::Segment::BytesFor(core::kSmallSizes)),
          file_(store::MakeSegmentFile(bytes_)) {}
    ~SegmentViewTest() override {
        munmap(file_.memory, bytes_);
        close(file_.read_only);
    }

    std::size_t bytes_;
    store::SegmentFile file_;
};

TEST_F(SegmentViewTest, SeesWhatTheServerWrites) {
    core::Segment::Format(file_.memory, core::kSmallSizes);
    core::OwnSegment segment(file_.memory);
    const exporter::SegmentView view(file_.read_only);
    core::Put(segment.statements.shared->evictions, 42);
    EXPECT_EQ(core::Get(view.Segment().statements.shared->evictions), 42U);
    EXPECT_NE(view.Segment().header, segment.header);
}

TEST_F(SegmentViewTest, RefusesAnotherVersions) {
    core::Segment::Format(file_.memory, core::kSmallSizes);
    core::OwnSegment segment(file_.memory);
    ++segment.header->magic;
    EXPECT_THROW(exporter::SegmentView{file_.read_only}, std::runtime_error);
}

TEST_F(SegmentViewTest, AWriteFaults) {
    core::Segment::Format(file_.memory, core::kSmallSizes);
    const exporter::SegmentView view(file_.read_only);
    auto* evictions =
        reinterpret_cast<volatile char*>(&view.Segment().statements.shared->evictions);
    EXPECT_DEATH(*evictions = 1, "");
}

TEST_F(SegmentViewTest, NobodyCanMapItForWritingAgain) {
    core::Segment::Format(file_.memory, core::kSmallSizes);
    const exporter::SegmentView view(file_.read_only);
    EXPECT_NE(mprotect(view.Segment().header, 4096, PROT_READ | PROT_WRITE), 0);
    EXPECT_EQ(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file_.read_only, 0),
              MAP_FAILED);
    EXPECT_EQ(write(file_.read_only, "x", 1), -1);
    // Opened anew for writing, as its owner may, it is sealed.
    const std::string path = "/proc/self/fd/" + std::to_string(file_.read_only);
    const int writable = open(path.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(writable, 0);
    EXPECT_EQ(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0), MAP_FAILED);
    EXPECT_EQ(write(writable, "x", 1), -1);
    EXPECT_EQ(ftruncate(writable, 0), -1);
    close(writable);
}

TEST_F(SegmentViewTest, RefusesWhatIsNoSegmentOfThisVersion) {
    EXPECT_THROW(exporter::SegmentView{file_.read_only}, std::runtime_error);
    EXPECT_THROW(exporter::SegmentView{-1}, std::runtime_error);
}

}  // namespace
}  // namespace elile
