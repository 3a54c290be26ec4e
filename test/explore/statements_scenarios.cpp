// Sessions that find, make, add to, evict, fold and forget the entries of statements.
#include "explore/scenarios.hpp"
#include "explore/world.hpp"

namespace elile::explore {
namespace {

using core::Get;
using core::Put;

constexpr std::uint64_t kOtherOctaveNs = 500000;

core::Handle Known(Statements& world, std::uint64_t queryid) {
    return world.Store(0).Find(core::Key(queryid));
}

// One execution of statement 7, which is not counted as begun or ended.
void MakeOne(void* memory) {
    core::TestStore store(memory, 0);
    store.Insert(core::Key(7), {kTarget, store.segment.texts.Store("select 7", 6), 1});
}

void FormatWithOne(void* memory) {
    World::Format(memory);
    MakeOne(memory);
}

void MakeAlmostHot(void* memory) {
    constexpr std::uint32_t kLastBeforeStripes = 63;
    MakeOne(memory);
    core::OwnSegment segment(memory);
    core::Entry& entry = segment.statements.entries[segment.statements.Find(core::Key(7)).slot];
    Put(entry.collisions, kLastBeforeStripes);
}

void FormatHot(void* memory) {
    World::Format(memory);
    MakeAlmostHot(memory);
    core::OwnSegment segment(memory);
    segment.statements.NoteCollision(
        segment.statements.entries[segment.statements.Find(core::Key(7)).slot]);
}

// There are two sets of stripes, which both may take at once.
void FormatAlmostHotOfMany(void* memory) {
    core::Segment::Format(memory, kMoreSizes);
    MakeAlmostHot(memory);
}

void FormatWithFewEntries(void* memory) {
    World::Format(memory);
    core::OwnSegment segment(memory);
    while (segment.statements.free_entries.Count() > 3) {
        segment.statements.free_entries.Pop();
    }
}

void FormatWithFewOctaves(void* memory) {
    World::Format(memory);
    core::OwnSegment segment(memory);
    while (segment.statements.octaves.free.Count() > 2) {
        segment.statements.octaves.free.Pop();
    }
}

struct WorldWithOne : Statements {
    WorldWithOne() : Statements(FormatWithOne) {}
};
struct AlmostHotWorld : Statements {
    AlmostHotWorld() : Statements(FormatAlmostHotOfMany) {}
};
struct HotWorld : Statements {
    HotWorld() : Statements(FormatHot) {}
};
struct WorldOfFewEntries : Statements {
    WorldOfFewEntries() : Statements(FormatWithFewEntries) {
        hidden = static_cast<std::uint32_t>(segment.statements.entries.size()) -
                 segment.statements.free_entries.Count();
    }
};
struct WorldOfFewOctaves : Statements {
    WorldOfFewOctaves() : Statements(FormatWithFewOctaves) {
        hidden_octaves = segment.statements.octaves.size - segment.statements.octaves.free.Count();
    }
};

void InsertBesideInsert(Statements& world) {
    for (std::uint32_t backend = 0; backend < 2; ++backend) {
        world.Process([&world, backend] { world.Execute(backend, 7); });
    }
}

void InsertBesideTwo(Statements& world) {
    for (std::uint32_t backend = 0; backend < 3; ++backend) {
        world.Process([&world, backend] {
            world.Execute(backend, 7);
            world.Execute(backend, 7);
        });
    }
}

void InsertBesideEviction(Statements& world) {
    world.Process([&world] {
        world.Execute(0, 7);
        world.Execute(0, 7);
    });
    world.Process([&world] {
        for (std::uint64_t queryid = 8; queryid < 12; ++queryid) {
            world.Execute(1, queryid);
        }
    });
}

void InsertWithoutRoom(Statements& world) {
    for (std::uint32_t backend = 0; backend < 2; ++backend) {
        world.Process([&world, backend] {
            world.Execute(backend, 7 + backend);
            world.Execute(backend, 9 + backend);
        });
    }
}

void Retire(Statements& world, std::uint64_t queryid, bool discard) {
    const core::Handle handle = Known(world, queryid);
    if (handle.IsValid()) {
        world.segment.statements.Retire(handle, discard);
    }
}

void AddBesideRetire(Statements& world) {
    world.Process([&world] {
        world.Execute(0, 7);
        world.Execute(0, 7);
    });
    world.Process([&world] {
        Retire(world, 7, false);
        world.Fold(1);
    });
}

void InsertBesideRetire(Statements& world) {
    AddBesideRetire(world);
    world.Process([&world] { world.Execute(2, 7); });
}

void FoldBesideFold(Statements& world) {
    world.Process([&world] {
        Retire(world, 7, false);
        world.Fold(0);
        world.Execute(0, 7);
    });
    world.Process([&world] {
        world.Execute(1, 8);
        Retire(world, 8, false);
        world.Fold(1);
    });
}

void ResetOfAll(Statements& world) {
    world.Process([&world] {
        world.Execute(0, 7);
        world.Execute(0, 7);
    });
    world.Process([&world] { world.Reset(1, 0); });
}

void ResetOfOne(Statements& world) {
    world.Process([&world] {
        world.Execute(0, 7);
        world.Execute(0, 7);
    });
    world.Process([&world] { world.Reset(1, 7); });
    world.Process([&world] { world.Execute(2, 7); });
}

void ResetBesideEviction(Statements& world) {
    InsertBesideEviction(world);
    world.Process([&world] { world.Reset(2, 0); });
}

void LeftoverBesideReset(Statements& world) {
    for (std::uint32_t backend = 0; backend < 2; ++backend) {
        world.Process([&world, backend] {
            ++world.begun;
            world.Store(backend).AddLeftover(kTarget, RunOf(5000));
            ++world.ended;
        });
    }
    world.Process([&world] { world.Reset(2, 0); });
}

// The first collision makes the statement hot, and so does the 65th.
void TakeStripes(Statements& world) {
    for (std::uint32_t backend = 0; backend < 2; ++backend) {
        world.Process([&world, backend] {
            core::StatementTable& table = world.segment.statements;
            for (int left = backend == 0 ? 1 : 64; left > 0; --left) {
                table.NoteCollision(table.entries[Known(world, 7).slot]);
            }
            world.Execute(backend, 7);
        });
    }
}

void StripesBesideRetire(Statements& world) {
    AddBesideRetire(world);
    world.Process([&world] { world.Execute(3, 7, kOtherOctaveNs); });
}

// Both want an octave for the same place, then another one, of which two are left.
void TakeOctaves(Statements& world) {
    for (std::uint32_t backend = 0; backend < 2; ++backend) {
        world.Process([&world, backend] {
            world.Execute(backend, 7);
            world.Execute(backend, 7, backend == 0 ? 5000 : kOtherOctaveNs);
        });
    }
}

// A reader sees what had ended before, and nothing that has not begun; a later one no less.
void ReadBesideFold(Statements& world) {
    InsertBesideEviction(world);
    world.Process([&world] {
        std::uint64_t before = 0;
        for (int reading = 0; reading < 2; ++reading) {
            const std::uint64_t ended = world.ended;
            const std::uint64_t calls = world.ReadCalls();
            if (calls != SIZE_MAX) {
                Check(calls >= ended, "a reader misses an execution");
                Check(calls >= before, "a sum fell");
                Check(calls <= world.begun, "a reader sees an execution twice");
                before = calls;
            }
        }
    });
}

void ReadTextBesideEviction(Statements& world) {
    world.Process([&world] {
        core::TestStore& store = world.Store(0);
        const std::uint32_t text = store.TakeText(store.Find(core::Key(7)));
        std::array<char, 8> out = {};
        std::uint32_t encoding = 0;
        const std::uint32_t length =
            world.segment.texts.Read(text, out.data(), out.size(), &encoding);
        Check(text == 0 || std::string(out.data(), length) == "select 7", "a text is another's");
        world.segment.texts.Release(text);
    });
    world.Process([&world] {
        Retire(world, 7, false);
        world.Fold(1);
        world.Execute(1, 8);
        world.Execute(1, 7);
    });
}

// Two roles' entries of one query come, go and come again. Somebody takes one of them away, and
// asks for the query.
void ChainOfRoles(Statements& world) {
    for (std::uint32_t backend = 0; backend < 2; ++backend) {
        world.Process([&world, backend] {
            core::TestStore& store = world.Store(backend);
            core::StatementKey key = core::Key(7);
            key.userid += backend;
            const core::Handle made = store.Insert(key, {kTarget, 0, 1});
            if (made.IsValid()) {
                world.segment.statements.Retire(made, false);
            }
            world.Fold(backend);
            store.Insert(key, {kTarget, 0, 1});
        });
    }
    world.Process([&world] {
        Retire(world, 7, false);
        world.Fold(2);
        if (!world.segment.StoreGate().TryShared()) {
            return;
        }
        std::uint32_t found = 0;
        world.segment.statements.ForEachOfQuery(7, [&found](const core::Entry& entry) {
            Check(core::KeyOf(entry).queryid == 7, "a chain leads to another query");
            ++found;
        });
        Check(found <= 2, "a chain leads to an entry twice");
        world.segment.StoreGate().LeaveShared();
    });
}

}  // namespace

void AddStatementsCases(std::vector<Case>* cases) {
    AddBoth(cases, "insert beside insert", Make<Statements, InsertBesideInsert>);
    AddBoth(cases, "insert beside two more", Make<Statements, InsertBesideTwo>);
    AddBoth(cases, "insert beside eviction", Make<Statements, InsertBesideEviction>);
    AddBoth(cases, "insert without room", Make<WorldOfFewEntries, InsertWithoutRoom>);
    AddBoth(cases, "add beside retire", Make<WorldWithOne, AddBesideRetire>);
    AddBoth(cases, "insert beside retire", Make<WorldWithOne, InsertBesideRetire>);
    AddBoth(cases, "fold beside fold", Make<WorldWithOne, FoldBesideFold>);
    AddBoth(cases, "reset of all", Make<Statements, ResetOfAll>);
    AddBoth(cases, "reset of one", Make<Statements, ResetOfOne>);
    AddBoth(cases, "reset beside eviction", Make<Statements, ResetBesideEviction>);
    AddBoth(cases, "leftover beside reset", Make<Statements, LeftoverBesideReset>);
    AddBoth(cases, "stripes taken", Make<AlmostHotWorld, TakeStripes>);
    AddBoth(cases, "stripes beside retire", Make<HotWorld, StripesBesideRetire>);
    AddBoth(cases, "octaves taken", Make<WorldOfFewOctaves, TakeOctaves>);
    cases->push_back({"read beside fold", false, Make<Statements, ReadBesideFold>});
    AddBoth(cases, "chain of roles", Make<Statements, ChainOfRoles>);
    AddBoth(cases, "text beside eviction", Make<WorldWithOne, ReadTextBesideEviction>);
}

}  // namespace elile::explore
