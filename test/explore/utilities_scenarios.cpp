// Processes that note what utilities' identifiers stand for, at once and beside a reset.
#include <array>

#include "core/shared/hash.hpp"
#include "explore/scenarios.hpp"
#include "explore/world.hpp"

namespace elile::explore {
namespace {

// Two identifiers for each text, all of them hashes.
std::uint64_t UtilityId(std::uint64_t number) { return core::Mix(number + 1); }
std::uint64_t UtilityText(std::uint64_t number) { return core::Mix(100 + number / 2); }

void LookAtUtility(const World& world, std::uint64_t number) {
    const core::UtilityMeaning meaning = world.segment.utility_ids.Find(UtilityId(number));
    if (meaning.IsKnown()) {
        const std::uint64_t first = number / 2 * 2;
        Check(meaning.text_hash == UtilityText(number), "a utility's identifier has another text");
        Check(meaning.queryid == UtilityId(first) || meaning.queryid == UtilityId(first + 1),
              "a utility's identifier leads to another text's entry");
    }
}

// All lie in one bucket, so that two processes write the same record at once.
void Utilities(World& world) {
    constexpr std::uint64_t kIdentifiers = 4;
    for (std::uint64_t process = 0; process < 2; ++process) {
        world.Process([&world, process] {
            for (std::uint64_t number : {2 * process, 2 * process + 1}) {
                const core::UtilityMeaning meaning =
                    world.segment.utility_ids.Note(UtilityId(number), UtilityText(number));
                Check(meaning.text_hash == UtilityText(number), "what was noted is another text");
                LookAtUtility(world, number);
            }
        });
    }
    world.Process([&world] {
        LookAtUtility(world, 1);
        LookAtUtility(world, 2);
    });
    world.Afterwards([&world] {
        for (std::uint64_t number = 0; number < kIdentifiers; ++number) {
            LookAtUtility(world, number);
        }
    });
}

class ForgottenUtilities : public World {
public:
    static constexpr std::uint64_t kIdentifiers = 4;

    void Note(std::uint64_t number) {
        segment.utility_ids.Note(UtilityId(number), UtilityText(number));
        LookAtUtility(*this, number);
        was_noted[number] = true;
    }
    // What was noted by then is gone. What is noted meanwhile may be.
    void Reset() {
        must_be_gone = was_noted;
        segment.utility_ids.Forget({0, 0, 0});
    }

    std::array<bool, kIdentifiers> was_noted = {};
    std::array<bool, kIdentifiers> must_be_gone = {};
};

// Each identifier is noted once, so one that was noted before the reset cannot come back.
void UtilitiesBesideReset(ForgottenUtilities& world) {
    for (std::uint64_t process = 0; process < 2; ++process) {
        world.Process([&world, process] {
            world.Note(process);
            world.Note(2 + process);
        });
    }
    world.Process([&world] { world.Reset(); });
    world.Afterwards([&world] {
        for (std::uint64_t number = 0; number < ForgottenUtilities::kIdentifiers; ++number) {
            LookAtUtility(world, number);
            const bool is_known = world.segment.utility_ids.Find(UtilityId(number)).IsKnown();
            Check(!is_known || !world.must_be_gone[number] || WasKilled(),
                  "an identifier outlives a reset");
        }
        // The table works on.
        world.segment.utility_ids.Note(UtilityId(0), UtilityText(0));
        Check(world.segment.utility_ids.Find(UtilityId(0)).IsKnown(),
              "an identifier finds no room");
    });
}

}  // namespace

void AddUtilitiesCases(std::vector<Case>* cases) {
    AddBoth(cases, "utilities", Make<World, Utilities>);
    AddBoth(cases, "utilities beside reset", Make<ForgottenUtilities, UtilitiesBesideReset>);
}

}  // namespace elile::explore
