#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "exporter/collector.hpp"
#include "exporter/reader.hpp"
#include "exporter/segment_view.hpp"
#include "exporter/status_page.hpp"
#include "fuzz/sample.hpp"
#include "fuzz/targets.hpp"

namespace elile::fuzz {
namespace {

// Changes a segment and puts back what it was.
class Corruption {
public:
    Corruption() : whole_(sample_.Memory(), sample_.Memory() + sample_.Bytes()) {
        for (std::size_t at = 0; at + 4 <= whole_.size(); at += 4) {
            if (std::memcmp(&whole_[at], "\0\0\0", 4) != 0) {
                used_.push_back(at);
            }
        }
    }

    int Descriptor() const { return sample_.Descriptor(); }

    void Apply(Input& input) {
        constexpr std::size_t kMostChanges = 32;
        for (std::size_t left = kMostChanges; left > 0 && !input.IsAtEnd(); --left) {
            Change(input);
        }
    }
    void Undo() {
        Require(ftruncate(Descriptor(), static_cast<off_t>(whole_.size())) == 0,
                "the segment has memory");
        if (is_cut_) {
            std::memcpy(sample_.Memory(), whole_.data(), whole_.size());
            is_cut_ = false;
        }
        for (const std::size_t at : changed_) {
            std::memcpy(sample_.Memory() + at, &whole_[at], std::min(kWidest, whole_.size() - at));
        }
        changed_.clear();
    }

private:
    static constexpr std::size_t kWidest = 8;

    // Most of a segment is zero, and most of what matters is not.
    void Change(Input& input) {
        const std::size_t kind = input.Below(8);
        const auto where = input.Number<std::uint32_t>();
        const auto value = input.Number<std::uint64_t>();
        if (kind == 7 && value % 16 == 0) {
            Cut(where % (whole_.size() + 1));
            return;
        }
        const std::size_t width = kind % 2 == 0 ? 4 : kWidest;
        const std::size_t at = kind < 6 ? used_[where % used_.size()] : where % whole_.size();
        if (is_cut_ || at + width > whole_.size()) {
            return;
        }
        std::uint64_t word = 0;
        std::memcpy(&word, sample_.Memory() + at, width);
        word = kind / 2 == 1   ? word + static_cast<std::uint64_t>(static_cast<std::int8_t>(value))
               : kind / 2 == 2 ? word ^ UINT64_C(1) << value % 64
                               : value;
        std::memcpy(sample_.Memory() + at, &word, width);
        changed_.push_back(at);
    }
    void Cut(std::size_t bytes) {
        is_cut_ = ftruncate(Descriptor(), static_cast<off_t>(bytes)) == 0;
    }

    SampleSegment sample_;
    std::vector<char> whole_;
    std::vector<std::size_t> used_;  // where words are that are not zero
    std::vector<std::size_t> changed_;
    bool is_cut_ = false;
};

void ReadAll(int descriptor) {
    const exporter::SegmentView view(descriptor);
    exporter::Reader reader(view);
    reader.NoteSnapshot();
    exporter::DescribeHealth(reader.ReadHealth());
    const exporter::Model model = reader.Read();
    std::size_t bytes = 0;
    exporter::Collect(model, 0, [&](std::string_view part) { bytes += part.size(); });
    bytes += exporter::RenderStatusPage(model, {true}).size();
    // What is in a segment of a few hundred kilobytes takes no more than that to say.
    Require(bytes < 64U << 20, "what is shown of a small segment is small");
}

}  // namespace

void TakeSegment(Input input) {
    static auto& corruption = *new Corruption;
    corruption.Apply(input);
    try {
        ReadAll(corruption.Descriptor());
    } catch (const std::runtime_error&) {
        // It is refused.
    }
    corruption.Undo();
}

}  // namespace elile::fuzz
