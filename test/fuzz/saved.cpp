#include <cstring>
#include <string>
#include <vector>

#include "core/saved/restore.hpp"
#include "core/saved/save_buffer.hpp"
#include "core/saved/walk.hpp"
#include "fuzz/targets.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::fuzz {
namespace {

constexpr std::uint64_t kNumber = 4711;

std::string Framed(std::string_view records) {
    std::string frame(sizeof(core::FrameHeader), '\0');
    frame += records;
    core::FrameHeader header{};
    header.number = kNumber;
    header.ends_save = 1;
    core::FinishFrame(frame.data(), header, records);
    return frame;
}

void Restore(std::string_view base, std::string_view log, core::TestStore& store, bool goes_on) {
    core::SavedContent content(base, log, kNumber);
    std::vector<core::SavedContent::Cell> cells(content.CellsNeeded());
    content.Index(cells);
    core::Restoring(store.segment, store, content).Run(goes_on);
}

// What came back can be saved again.
void Save(core::Segment& segment) {
    static std::vector<char> scratch(core::SaveWalk::kScratchBytes);
    static std::vector<char> room(core::SaveWalk::kMostRecordBytes);
    core::SaveWalk walk(segment, scratch, true);
    core::SaveWalk::Place place{};
    for (bool more = true; more;) {
        core::ByteWriter out(room);
        more = walk.Next(&place, out);
        Require(out.Fits(), "a record has room");
    }
}

// Each execution has a bucket, or is counted as one that has none.
void RequireWhole(const core::Segment& segment) {
    const core::TallySnapshot sum = core::Total(segment);
    Require(sum.Executions() == core::Buckets(sum) + core::Unplaced(segment),
            "histograms have what was counted");
}

}  // namespace

void TakeSaved(Input input) {
    const core::TestSegment memory;
    core::TestStore store = memory.Store();
    const std::size_t kind = input.Below(4);
    const std::string_view rest = input.Rest();
    if (kind < 2) {
        Restore(Framed(rest), {}, store, kind == 0);
    } else {
        const std::size_t half = rest.size() / 2;
        Restore(kind == 2 ? rest : rest.substr(0, half), kind == 2 ? "" : rest.substr(half), store,
                true);
    }
    RequireWhole(store.segment);
    Save(store.segment);
    store.segment.Repair();
    RequireWhole(store.segment);
    core::FileHeader header{};
    core::ReadFileHeader(rest, {}, false, &header);
}

}  // namespace elile::fuzz
