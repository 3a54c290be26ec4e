// Failures that sessions note at the same time, beside a reset, and where rows give way.
#include "core/failures/table.hpp"
#include "core/segment.hpp"
#include "explore/scenarios.hpp"
#include "explore/world.hpp"

namespace elile::explore {
namespace {

constexpr std::uint64_t kNowUs = UINT64_C(1) << 50;

core::FailureKey KeyOf(std::uint32_t number) {
    core::FailureKey key = {};
    key.sqlstate = number;
    key.phase = core::Phase::kConnect;
    return key;
}

class Failing : public World {
public:
    using World::World;

    void Fail(std::uint32_t number = 1) {
        const core::FailureDetails details = {};
        segment.failures.Note(KeyOf(number), details, kNowUs);
        noted += number == 1 ? 1 : 0;
    }
    std::uint64_t Shown(std::uint32_t number, int* rows) const {
        std::uint64_t count = 0;
        *rows = 0;
        for (std::uint32_t index = 0; index < core::kFailures; ++index) {
            core::FailureCopy copy;
            if (segment.failures.Read(index, &copy) && copy.key.sqlstate == number) {
                count += copy.count;
                ++*rows;
            }
        }
        return count;
    }
    void ExpectEachOnce(bool forgets) {
        Afterwards([this, forgets] {
            int rows = 0;
            const std::uint64_t shown = Shown(1, &rows) + segment.failures.ConnectOverflow();
            Check(rows <= 1, "a failure has two rows");
            Check(shown <= noted || WasKilled(), "a failure is there twice");
            Check(shown == noted || forgets || WasKilled(), "a failure is missing");
        });
    }

    std::uint64_t noted = 0;
};

// All rows for those that never connected are taken. That of the failure is so old that it may give
// way.
void FormatFullRows(void* memory) {
    World::Format(memory);
    core::OwnSegment segment(memory);
    const core::FailureDetails details = {};
    for (std::uint32_t number = 0; number < core::kConnectFailures; ++number) {
        segment.failures.Note(KeyOf(number == 0 ? 1 : 1000 + number), details,
                              number == 0 ? 1 : kNowUs);
    }
}

struct FullRows : Failing {
    FullRows() : Failing(FormatFullRows) { noted = 1; }
};

void NoteAtOnce(Failing& world) {
    for (int process = 0; process < 3; ++process) {
        world.Process([&world] {
            world.Fail();
            world.Fail();
        });
    }
    world.ExpectEachOnce(false);
}

void NoteBesideReset(Failing& world) {
    for (int process = 0; process < 2; ++process) {
        world.Process([&world] {
            world.Fail();
            world.Fail();
        });
    }
    world.Process([&world] { world.segment.failures.Forget({0, 0, 0}); });
    world.ExpectEachOnce(true);
}

void NoteWhereRowsGiveWay(FullRows& world) {
    constexpr std::uint32_t kOther = 5000;
    world.Process([&world] { world.Fail(); });
    world.Process([&world] { world.Fail(); });
    world.Process([&world] { world.Fail(kOther); });
    world.ExpectEachOnce(true);
    world.Afterwards([&world] {
        int rows = 0;
        Check(world.Shown(kOther, &rows) <= 1, "a failure is counted in another one's row");
    });
}

}  // namespace

void AddFailuresCases(std::vector<Case>* cases) {
    AddBoth(cases, "failures", Make<Failing, NoteAtOnce>);
    AddBoth(cases, "failures beside reset", Make<Failing, NoteBesideReset>);
    cases->push_back({"failures give way", false, Make<FullRows, NoteWhereRowsGiveWay>});
}

}  // namespace elile::explore
