// Processes that meet in the tables of patterns, pools, sessions, refusals, builds and plans.
#include <array>
#include <cstring>

#include "core/shared/words.hpp"
#include "explore/scenarios.hpp"
#include "explore/world.hpp"

namespace elile::explore {
namespace {

using core::Get;
using core::Put;

constexpr std::uint64_t kNowUs = UINT64_C(1) << 50;
constexpr core::NPlusOneKey kPattern{5, 10, 1, 71, 72};

void ExpectNoTexts(World& world) {
    Check(world.segment.TryReset({0, 0, 0}, kNowUs), "the gate stayed closed");
    Check(world.segment.texts.FreeBlocks() == kSizes.text_blocks, "a text's block is lost");
    Check(world.segment.details.FreeBlocks() == kSizes.detail_blocks, "a detail's block is lost");
    core::TextPool& suggestions = world.segment.n_plus_one.Suggestions();
    Check(suggestions.FreeBlocks() == suggestions.Size(), "a suggestion's block is lost");
}

class Patterns : public World {
public:
    using World::World;

    // As a session does it that has found the pattern once.
    void Find(const core::NPlusOneKey& key) {
        bool is_new = false;
        core::NPlusOneTable& table = segment.n_plus_one;
        const core::NPlusOneHandle handle = table.FindOrClaim(key, 1, kNowUs, &is_new);
        if (is_new) {
            table.SetTexts(handle, segment.texts.Store("parent", 6),
                           segment.texts.Store("child", 6));
        }
        table.Count(handle, 1, 3, 5000, kNowUs);
        counted += handle.IsValid() ? 1 : 0;
        if (table.TakeTry(handle, kNowUs)) {
            table.SetSuggestion(handle, {table.Suggestions().Store("suggestion", 6),
                                         core::Evidence::kPlanned, 2, 1});
        }
    }
    // Occurrences that are shown, and how many places the pattern has.
    std::uint64_t Shown(int* places) const {
        std::uint64_t occurrences = 0;
        *places = 0;
        for (std::uint32_t index = 0; index < core::kNPlusOnePatterns; ++index) {
            core::NPlusOneCopy copy;
            if (segment.n_plus_one.Read(index, &copy) && copy.key == kPattern) {
                occurrences += copy.occurrences;
                ++*places;
            }
        }
        return occurrences;
    }

    std::uint64_t counted = 0;
};

void EndPatterns(Patterns& world, bool forgets) {
    world.Afterwards([&world, forgets] {
        int places = 0;
        const std::uint64_t shown = world.Shown(&places);
        Check(places <= 1, "a pattern has two places");
        Check(shown <= world.counted || WasKilled(), "an occurrence is there twice");
        Check(shown == world.counted || forgets || WasKilled(), "an occurrence is missing");
        ExpectNoTexts(world);
    });
}

void FindPattern(Patterns& world) {
    for (int process = 0; process < 3; ++process) {
        world.Process([&world] { world.Find(kPattern); });
    }
    EndPatterns(world, false);
}

void FindPatternBesideReset(Patterns& world) {
    for (int process = 0; process < 2; ++process) {
        world.Process([&world] {
            world.Find(kPattern);
            world.Find(kPattern);
        });
    }
    world.Process([&world] { world.segment.TryReset({0, 0, 0}, kNowUs); });
    EndPatterns(world, true);
}

core::NPlusOneKey OtherPattern(std::uint64_t number) { return {5, 10, 1, 71, 1000 + number}; }

// All places are taken. Two patterns are so old that they may give way.
void FormatFullTable(void* memory) {
    World::Format(memory);
    core::OwnSegment segment(memory);
    for (std::uint64_t number = 0; number < core::kNPlusOnePatterns; ++number) {
        bool is_new = false;
        const std::uint64_t seen_us = number < 2 ? 1 : kNowUs;
        const core::NPlusOneHandle handle =
            segment.n_plus_one.FindOrClaim(OtherPattern(number), 1, seen_us, &is_new);
        segment.n_plus_one.Count(handle, 1, 1, 1, seen_us);
    }
}

struct FullPatterns : Patterns {
    FullPatterns() : Patterns(FormatFullTable) {}
};

void GiveWay(FullPatterns& world) {
    world.Process([&world] { world.Find(kPattern); });
    world.Process([&world] { world.Find(kPattern); });
    world.Process([&world] { world.Find(OtherPattern(5000)); });
    EndPatterns(world, true);
}

struct Name {
    char of[core::kNameBytes];
};

Name NameOf(char letter) {
    Name name = {};
    std::memset(name.of, letter, core::kNameBytes - 1);
    return name;
}

// An application's figures are its letter, so that a reader can tell whose it got.
void Report(World& world, char letter) {
    world.segment.pool_reports.Report(5, NameOf(letter).of, core::PoolFigure::kPoolSize,
                                      static_cast<std::uint64_t>(letter), kNowUs);
}

int LookAtReports(World& world, char letter) {
    int places = 0;
    for (std::uint32_t index = 0; index < core::kPoolReports; ++index) {
        core::PoolReportCopy copy;
        if (world.segment.pool_reports.Read(index, kNowUs, &copy)) {
            const std::uint64_t size =
                copy.figure_plus_one[core::PlaceOf(core::PoolFigure::kPoolSize)];
            Check(size == 0 || size - 1 == static_cast<unsigned char>(copy.application[0]),
                  "a figure is shown under another pool's name");
            places += copy.application[0] == letter && size != 0 ? 1 : 0;
        }
    }
    return places;
}

void EndReports(World& world, bool has_room) {
    world.Afterwards([&world, has_room] {
        const int places = LookAtReports(world, 'a');
        Check(places <= 1, "a pool has two reports");
        Check(places == 1 || !has_room || WasKilled(), "a report is missing");
    });
}

void PoolReports(World& world) {
    for (int process = 0; process < 2; ++process) {
        world.Process([&world] { Report(world, 'a'); });
    }
    world.Process([&world] { LookAtReports(world, 'a'); });
    EndReports(world, true);
}

// All are in use, but for two that are beyond their life.
void FormatFullReports(void* memory) {
    World::Format(memory);
    core::OwnSegment segment(memory);
    for (std::uint32_t number = 0; number < core::kPoolReports; ++number) {
        Name name = NameOf(number < 2 ? 'o' : 'x');
        std::memcpy(name.of + 1, &number, sizeof(number));
        segment.pool_reports.Report(5, name.of, core::PoolFigure::kPoolSize,
                                    static_cast<std::uint64_t>(name.of[0]),
                                    number < 2 ? 1 : kNowUs);
    }
}

struct FullReports : World {
    FullReports() : World(FormatFullReports) {}
};

// One that is beyond its life reports again, while another pool wants its place.
void ReportsGiveWay(FullReports& world) {
    world.Process([&world] { Report(world, 'a'); });
    world.Process([&world] {
        Name name = NameOf('o');
        std::memset(name.of + 1, 0, sizeof(std::uint32_t));
        world.segment.pool_reports.Report(5, name.of, core::PoolFigure::kPoolSize, 'o', kNowUs);
    });
    world.Process([&world] { LookAtReports(world, 'a'); });
    EndReports(world, false);
}

void LikeReportsGiveWay(FullReports& world) {
    for (int process = 0; process < 2; ++process) {
        world.Process([&world] { Report(world, 'a'); });
    }
    world.Process([&world] { Report(world, 'b'); });
    EndReports(world, false);
}

class Sessions : public World {
public:
    std::uint64_t pushed = 0;
    std::uint64_t popped = 0;

    void Drain() {
        core::EndedSession session;
        while (segment.ended.Pop(&session)) {
            Check(session.pool.dbid == session.pid && session.started_at_us == session.pid &&
                      session.pool.application[9] == static_cast<char>(session.pid),
                  "a session is of two");
            popped += 1;
        }
    }
};

void EndedSessions(Sessions& world) {
    for (std::uint32_t process = 1; process < 3; ++process) {
        world.Process([&world, process] {
            core::EndedSession session = {};
            session.pool.dbid = process;
            session.pid = process;
            session.started_at_us = process;
            std::memset(session.pool.application, static_cast<int>(process), core::kNameBytes);
            world.segment.ended.Push(session);
            world.segment.ended.Push(session);
            world.pushed += 2;
        });
    }
    world.Process([&world] { world.Drain(); });
    world.Afterwards([&world] {
        world.Drain();
        Check(WasKilled() || world.popped == world.pushed, "a session is missing");
    });
}

void Refusals(World& world) {
    constexpr std::uint64_t kProcesses = 3;
    for (std::uint64_t process = 0; process < kProcesses; ++process) {
        world.Process([&world] { world.segment.refusals.Note("d", "u", "a", kNowUs); });
    }
    world.Afterwards([&world] {
        Check(world.segment.refusals.Sum() == kProcesses, "a refusal is missing in the sum");
        Check(world.segment.refusals.Read("d", "u", "a", kNowUs).count == kProcesses,
              "a refusal is missing");
    });
}

class Builds : public World {
public:
    int at_work = 0;
};

void BuildSlots(Builds& world) {
    constexpr int kLimit = 2;
    for (std::uint64_t process = 1; process < 4; ++process) {
        world.Process([&world, process] {
            core::BuildBoard& board = world.segment.builds;
            const std::uint64_t key = core::BuildKey(5, process);
            const std::uint32_t slot = board.Take(key, kLimit);
            if (slot < core::kBuildSlots) {
                Check(++world.at_work <= kLimit, "too many build");
                board.SetPid(slot, static_cast<std::uint32_t>(process));
                Check(board.PidOf(key) == process, "a builder is another one's");
                for (std::uint64_t other = 1; other < 4; ++other) {
                    const std::uint32_t pid = board.PidOf(core::BuildKey(5, other));
                    Check(pid == 0 || pid == other, "another build's builder is taken for its own");
                }
                --world.at_work;
                board.Free(slot, key);
                board.Free(slot, key);
            }
        });
    }
    world.Afterwards([&world] {
        for (std::uint32_t slot = 0; slot < core::kBuildSlots; ++slot) {
            Check(Get(world.segment.builds.At(slot).key) == 0, "a slot stayed taken");
        }
        Check(world.segment.builds.Take(core::BuildKey(5, 9), 1) < core::kBuildSlots,
              "the number of slots in use is wrong");
    });
}

void Wanted(World& world) {
    for (std::uint32_t process = 0; process < 2; ++process) {
        world.Process([&world] { Check(world.segment.builds.Want(5), "there is room"); });
    }
    world.Process([&world] {
        for (std::uint32_t place = 0; place < core::kWantedDatabases; ++place) {
            if (world.segment.builds.WantedAt(place) == 5) {
                world.segment.builds.Withdraw(place);
            }
        }
    });
}

class Plans : public World {
public:
    core::PlanHistory& History() { return segment.statements.entries[0].history; }

    void Run(std::uint64_t plan) {
        core::NotePlan(History(), segment.details, plan, 1000, kNowUs);
        const std::uint32_t known = core::TakePlanText(History(), segment.details, plan);
        if (known != 0) {
            std::array<char, 1> letter = {};
            std::uint32_t encoding = 0;
            segment.details.Read(known, letter.data(), 1, &encoding);
            Check(letter[0] == static_cast<char>('a' + plan), "a plan has another one's text");
            segment.details.Release(known);
            return;
        }
        const char letter = static_cast<char>('a' + plan);
        const std::uint32_t text = segment.details.Store({&letter, 1}, 6);
        core::KeepPlanText(History(), segment.details, plan, text);
        segment.details.Release(text);
    }
};

void PlanHistories(Plans& world) {
    for (std::uint64_t process = 0; process < 3; ++process) {
        world.Process([&world, process] {
            world.Run(1 + process % 2);
            world.Run(2);
        });
    }
    world.Afterwards([&world] {
        Check(WasKilled() || Get(world.History().busy) == 0, "the history stayed taken");
        core::ClearHistory(world.History(), world.segment.details);
        ExpectNoTexts(world);
    });
}

}  // namespace

void AddTablesCases(std::vector<Case>* cases) {
    AddBoth(cases, "N+1 pattern", Make<Patterns, FindPattern>);
    AddBoth(cases, "N+1 pattern beside reset", Make<Patterns, FindPatternBesideReset>);
    cases->push_back({"N+1 pattern gives way", false, Make<FullPatterns, GiveWay>});
    AddBoth(cases, "pool reports", Make<World, PoolReports>);
    cases->push_back({"pool reports give way", false, Make<FullReports, ReportsGiveWay>});
    cases->push_back({"like pool reports give way", false, Make<FullReports, LikeReportsGiveWay>});
    AddBoth(cases, "ended sessions", Make<Sessions, EndedSessions>);
    cases->push_back({"refusals", false, Make<World, Refusals>});
    AddBoth(cases, "build slots", Make<Builds, BuildSlots>);
    cases->push_back({"wanted databases", false, Make<World, Wanted>});
    AddBoth(cases, "plan history", Make<Plans, PlanHistories>);
}

}  // namespace elile::explore
