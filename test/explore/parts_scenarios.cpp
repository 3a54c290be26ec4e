// Processes that meet in the other parts of the segment.
#include <array>
#include <cstring>

#include "core/shared/gate.hpp"
#include "core/shared/log_budget.hpp"
#include "core/shared/published.hpp"
#include "core/shared/words.hpp"
#include "explore/scenarios.hpp"
#include "explore/world.hpp"

namespace elile::explore {
namespace {

using core::Get;

constexpr std::uint64_t kNowUs = UINT64_C(1) << 50;

// Each text says which it is, so that a reader can tell whether it got the right one.
std::uint32_t StoreText(core::TextPool& pool, std::uint64_t of) {
    std::array<char, 300> text = {};  // two blocks
    text.fill(static_cast<char>('a' + of % 26));
    return pool.Store({text.data(), text.size()}, 6);
}

bool IsTextOf(const core::TextPool& pool, std::uint32_t id, std::uint64_t of) {
    std::array<char, 300> text = {};
    std::uint32_t encoding = 0;
    const std::uint32_t length = pool.Read(id, text.data(), text.size(), &encoding);
    bool is_right = length == text.size();
    for (const char letter : text) {
        is_right = is_right && letter == static_cast<char>('a' + of % 26);
    }
    return is_right;
}

void ExpectNoTexts(World& world) {
    Check(world.segment.texts.FreeBlocks() == kSizes.text_blocks, "a text's block is lost");
    Check(world.segment.details.FreeBlocks() == kSizes.detail_blocks, "a detail's block is lost");
}

void ForgetAll(World& world) {
    Check(world.segment.TryReset({0, 0, 0}, kNowUs), "the gate stayed closed");
}

// The pool has room for one text of seven blocks beside another one, so one of them may be dropped.
void Texts(World& world) {
    for (std::uint64_t process = 0; process < 3; ++process) {
        world.Process([&world, process] {
            core::TextPool& pool = world.segment.texts;
            for (std::uint64_t round = 0; round < 2; ++round) {
                const std::uint64_t of = process * 2 + round;
                const std::uint32_t id = StoreText(pool, of);
                if (id != 0) {
                    pool.AddReference(id);
                    pool.Release(id);
                    Check(IsTextOf(pool, id, of), "a text that is referred to changed");
                    pool.Release(id);
                }
            }
        });
    }
    world.Afterwards([&world] { ExpectNoTexts(world); });
}

core::SlowRecord RecordOf(World& world, std::uint64_t of) {
    core::SlowRecord record = {};
    record.queryid = of;
    record.rows = of;
    record.duration_ns = of;
    record.text = StoreText(world.segment.texts, of);
    return record;
}

void WriteSlow(World& world, std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t of = first; of < first + count; ++of) {
        world.segment.ring.Write(RecordOf(world, of));
    }
}

void ReadSlow(World& world) {
    core::SlowRing& ring = world.segment.ring;
    ring.ForEach([&](const core::SlowRecord& record) {
        Check(record.queryid == record.rows && record.rows == record.duration_ns,
              "a record is of two executions");
        const bool is_right =
            record.text == 0 || IsTextOf(world.segment.texts, record.text, record.queryid);
        Check(is_right || !ring.Holds(record.id), "a record has another one's text");
    });
}

void EndSlow(World& world) {
    world.Afterwards([&world] {
        ReadSlow(world);
        ForgetAll(world);
        ExpectNoTexts(world);
    });
}

void SlowRing(World& world) {
    world.Process([&world] { WriteSlow(world, 1, 2); });
    world.Process([&world] { WriteSlow(world, 11, 2); });
    world.Process([&world] { ReadSlow(world); });
    EndSlow(world);
}

void SlowRingDetails(World& world) {
    world.Process([&world] { WriteSlow(world, 1, 3); });
    for (int process = 0; process < 2; ++process) {
        world.Process([&world] {
            const std::uint64_t id = world.segment.ring.LastId();
            if (id != 0) {
                world.segment.ring.Attach(id, {1, StoreText(world.segment.details, 1), 0});
            }
        });
    }
    EndSlow(world);
}

void SlowRingReset(World& world) {
    world.Process([&world] { WriteSlow(world, 1, 3); });
    world.Process([&world] { world.segment.TryReset({0, 0, 0}, kNowUs); });
    world.Process([&world] {
        world.segment.ring.Attach(1, {1, StoreText(world.segment.details, 1), 0});
    });
    EndSlow(world);
}

core::TableNames NamesOf(std::uint64_t of) {
    core::TableNames names;
    std::memset(&names, static_cast<int>('a' + of % 26), sizeof(names));
    return names;
}

bool AreNamesWhole(const core::TableNames& names) {
    for (std::size_t at = 0; at < core::kNameBytes; ++at) {
        if (names.schema[at] != names.table[0] || names.table[at] != names.table[0]) {
            return false;
        }
    }
    return true;
}

// Of three tables two processes insert the same ones in opposite order; there is room for all.
void Directory(World& world) {
    for (std::uint32_t process = 0; process < 2; ++process) {
        world.Process([&world, process] {
            core::TableDirectory& tables = world.segment.tables;
            for (std::uint32_t round = 0; round < 2; ++round) {
                const std::uint32_t relid = 1 + (process + round) % 2;
                const core::TableKey key{5, relid, 0};
                const std::uint32_t index = tables.Insert(key, NamesOf(relid), 6);
                Check(index == core::kOtherTables || tables.KeyOf(index) == key,
                      "an index is another table's");
                tables.Rename(index, NamesOf(relid + 10 * process), 6);
            }
        });
    }
    world.Process([&world] {
        const std::uint32_t index = world.segment.tables.Find({5, 1, 0});
        core::TableNames names;
        std::uint32_t encoding = 0;
        if (index != core::kNoIndex) {
            world.segment.tables.Read(index, &names, &encoding);
            Check(AreNamesWhole(names), "a name is of two");
        }
    });
    world.Afterwards([&world] {
        core::TableDirectory& tables = world.segment.tables;
        std::uint32_t found = 0;
        for (std::uint32_t index = 1; index < tables.Size(); ++index) {
            found += tables.KeyOf(index).dbid == 5 && tables.Find(tables.KeyOf(index)) == index;
        }
        Check(found == tables.Used(), "a table has two places, or none");
        Check(WasKilled() || found == 2, "a table is missing");
    });
}

// These lie in no segment. Their address is the same in each order.
struct Loose {
    core::Gate gate;
    core::LogBudget budget;
    core::SequenceLock<std::uint32_t> sequence;
    std::array<core::Word, 2> guarded;
    core::Word visits;
};
Loose loose;

class LooseWorld : public World {
public:
    LooseWorld() { std::memset(static_cast<void*>(&loose), 0, sizeof(loose)); }

    int shared = 0;  // processes that hold each side
    int adding = 0;
    int exclusive = 0;
    int clearing = 0;
    int taken = 0;  // of the budget
};

void LookAtGate(const LooseWorld& world) {
    Check(world.exclusive + world.clearing <= 1, "two hold the gate alone");
    Check(world.shared == 0 || world.exclusive + world.clearing == 0,
          "a reader is in beside who folds");
    Check(world.adding == 0 || world.clearing == 0, "somebody adds while sums are cleared");
}

// Another process may come while the gate is held.
void Hold(LooseWorld& world, int LooseWorld::*holders, bool is_taken, void (core::Gate::*leave)()) {
    if (is_taken) {
        ++(world.*holders);
        LookAtGate(world);
        core::Add(loose.visits, 1);
        LookAtGate(world);
        --(world.*holders);
        (loose.gate.*leave)();
    }
}

void Gates(LooseWorld& world) {
    world.Process([&world] {
        Hold(world, &LooseWorld::shared, loose.gate.TryShared(), &core::Gate::LeaveShared);
        Hold(world, &LooseWorld::adding, loose.gate.TryAdding(), &core::Gate::LeaveShared);
    });
    world.Process([&world] {
        Hold(world, &LooseWorld::exclusive, loose.gate.TryExclusive(), &core::Gate::LeaveExclusive);
        Hold(world, &LooseWorld::clearing, loose.gate.TryClearing(), &core::Gate::LeaveExclusive);
    });
    world.Process([&world] {
        Hold(world, &LooseWorld::clearing, loose.gate.TryClearing(), &core::Gate::LeaveExclusive);
        Hold(world, &LooseWorld::adding, loose.gate.TryAdding(), &core::Gate::LeaveShared);
    });
    world.Afterwards([] { Check(loose.gate.TryClearing(), "the gate stayed closed"); });
}

void Budget(LooseWorld& world) {
    constexpr std::uint32_t kLimit = 2;
    for (int process = 0; process < 3; ++process) {
        world.Process([&world] { world.taken += loose.budget.Take(1, kLimit) ? 1 : 0; });
    }
    world.Afterwards([&world] { Check(world.taken == kLimit, "the budget is not kept"); });
}

// Writes the same number to both words.
bool WriteBoth(std::uint64_t number) {
    return loose.sequence.TryWrite([number] {
        for (core::Word& word : loose.guarded) {
            core::Put(word, number);
        }
    });
}

void SequenceOfMany(LooseWorld& world) {
    for (std::uint64_t process = 1; process < 3; ++process) {
        world.Process([process] {
            WriteBoth(process);
            WriteBoth(process + 10);
        });
    }
    world.Process([] {
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        const bool is_whole = loose.sequence.Read(2, [&] {
            first = Get(loose.guarded[0]);
            second = Get(loose.guarded[1]);
        });
        Check(!is_whole || first == second, "a reader sees two writings");
    });
    world.Afterwards([] {
        Check(WasKilled() || Get(loose.guarded[0]) == Get(loose.guarded[1]), "two wrote at once");
        loose.sequence.Mend();
        Check(WriteBoth(99), "the lock stayed taken");
    });
}

// The keeper publishes; readers find something whole, never older than what they saw.
void Published(World& world) {
    world.Process([&world] {
        core::ExporterStatus status;
        for (int number = 1; number < 4; ++number) {
            std::memset(&status, number, sizeof(status));
            world.segment.exporter.Write(&status);
        }
    });
    for (int process = 0; process < 2; ++process) {
        world.Process([&world] {
            unsigned char before = 0;
            for (int reading = 0; reading < 2; ++reading) {
                std::array<unsigned char, sizeof(core::ExporterStatus)> bytes;
                if (!world.segment.exporter.Read(bytes.data())) {
                    Check(before == 0, "what was published is gone");
                    continue;
                }
                for (const unsigned char byte : bytes) {
                    Check(byte == bytes[0], "a reader sees two writings");
                }
                Check(bytes[0] >= before, "a reader sees an older writing");
                before = bytes[0];
            }
        });
    }
}

}  // namespace

void AddPartsCases(std::vector<Case>* cases) {
    AddBoth(cases, "texts", Make<World, Texts>);
    AddBoth(cases, "slow ring", Make<World, SlowRing>);
    AddBoth(cases, "slow ring's details", Make<World, SlowRingDetails>);
    AddBoth(cases, "slow ring beside reset", Make<World, SlowRingReset>);
    AddBoth(cases, "table directory", Make<World, Directory>);
    cases->push_back({"gate", false, Make<LooseWorld, Gates>});
    cases->push_back({"log budget", false, Make<LooseWorld, Budget>});
    AddBoth(cases, "sequence lock", Make<LooseWorld, SequenceOfMany>);
    AddBoth(cases, "published", Make<World, Published>);
}

}  // namespace elile::explore
