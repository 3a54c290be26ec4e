// Texts, table names and slow executions come back as they were stored, and bounds are counted.
#include <gtest/gtest.h>
#include <array>

#include <algorithm>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

std::string ReadText(const TextPool& texts, std::uint32_t id) {
    std::vector<char> buffer(kMaxTextBytes);
    std::uint32_t encoding = 0;
    const std::uint32_t length = texts.Read(id, buffer.data(), kMaxTextBytes, &encoding);
    return {buffer.data(), length};
}

TableNames Names(const std::string& table) {
    TableNames names{};
    table.copy(names.table, kNameBytes - 1);
    return names;
}

TEST(TextPool, KeepsATextUntilItsLastReferenceGoes) {
    const TestSegment memory;
    TextPool texts = memory.View().texts;
    const std::uint32_t fresh = texts.FreeBlocks();
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{239},
                                     std::size_t{240}, std::size_t{241}, std::size_t{5000}}) {
        std::string text(length, 'x');
        for (std::size_t at = 0; at < length; ++at) {
            text[at] = static_cast<char>('a' + at % 26);
        }
        const std::uint32_t id = texts.Store(text, 6);
        ASSERT_NE(id, 0U);
        texts.AddReference(id);
        texts.Release(id);
        EXPECT_EQ(ReadText(texts, id), text);
        texts.Release(id);
        EXPECT_EQ(texts.FreeBlocks(), fresh);
    }
}

TEST(TextPool, WritesNoMoreThanItsReaderHasRoomFor) {
    const TestSegment memory;
    TextPool texts = memory.View().texts;
    const std::uint32_t id = texts.Store(std::string(500, 'x'), 6);
    std::vector<char> buffer(301, '-');
    std::uint32_t encoding = 0;
    EXPECT_EQ(texts.Read(id, buffer.data(), 300, &encoding), 300U);
    EXPECT_EQ(buffer[299], 'x');
    EXPECT_EQ(buffer[300], '-');
}

TEST(TextPool, StoresAllOfATextOrNothing) {
    const TestSegment memory;
    TextPool texts = memory.View().texts;
    const std::uint32_t fresh = texts.FreeBlocks();
    EXPECT_EQ(texts.Store(std::string(kMaxTextBytes, 'x'), 6), 0U);
    EXPECT_EQ(texts.FreeBlocks(), fresh);
}

TEST(TableNames, ArePaddedWithZerosAndCutToTheirRoom) {
    char name[kNameBytes];
    std::fill(std::begin(name), std::end(name), 'x');
    CopyName(name, "orders");
    EXPECT_EQ(std::string(name, kNameBytes), "orders" + std::string(kNameBytes - 6, '\0'));
    CopyName(name, std::string(kNameBytes, 'y'));
    EXPECT_EQ(std::string(name, kNameBytes), std::string(kNameBytes - 1, 'y') + '\0');
}

TEST(Target, HasAPlaceOfItsOwn) {
    for (std::uint32_t place = 0; place < 4 * kTargetsPerTable; ++place) {
        EXPECT_EQ(PlaceOf(TargetAt(place)), place);
    }
    EXPECT_EQ(PlaceOf({2, Operation::kDelete}), 2U * kTargetsPerTable + 3);
    EXPECT_EQ(PlaceOf({2, Operation::kDelete, false}), 2U * kTargetsPerTable + kOperations + 3);
}

TEST(TableDirectory, ATableHasOneIndexHoweverManySessionsAddIt) {
    const TestSegment memory;
    std::vector<std::uint32_t> found(4);
    std::vector<std::thread> sessions;
    for (std::uint32_t session = 0; session < found.size(); ++session) {
        sessions.emplace_back([&memory, &found, session] {
            found[session] = memory.View().tables.Insert({5, 77, 0}, Names("orders"), 6);
        });
    }
    for (std::thread& session : sessions) {
        session.join();
    }
    for (const std::uint32_t index : found) {
        EXPECT_EQ(index, found[0]);
        EXPECT_NE(index, kOtherTables);
    }
}

TEST(TableDirectory, BeyondItsSizeTablesAreCountedTogether) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    for (std::uint32_t table = 1; table <= kSmallSizes.tables; ++table) {
        EXPECT_NE(segment.tables.Insert({5, table, 0}, Names("t"), 6), kOtherTables);
    }
    EXPECT_EQ(segment.tables.Insert({5, 99, 0}, Names("t"), 6), kOtherTables);
    EXPECT_EQ(segment.tables.Overflow(), 1U);
}

TEST(TableDirectory, ReadsTheLatestName) {
    const TestSegment memory;
    TableDirectory tables = memory.View().tables;
    const std::uint32_t index = tables.Insert({5, 77, 0}, Names("old"), 6);
    tables.Rename(index, Names("new"), 6);
    TableNames names;
    std::uint32_t encoding = 0;
    tables.Read(index, &names, &encoding);
    EXPECT_STREQ(names.table, "new");
    EXPECT_EQ(tables.Find({5, 77, 0}), index);
}

// A reader that found no name would show a table's figures under another label.
TEST(TableDirectory, KeepsTheNameWhileAWriterIsStopped) {
    TableDirectory tables;
    const PartMemory memory(tables, 4U);
    tables.Format();
    const std::uint32_t index = tables.Insert({5, 77, 0}, Names("whole"), 6);
    Carver again = memory.Again();
    again.Take<TableDirectory::Shared>();
    again.Take<HalfWord>(5);
    again.Take<HalfWord>(16);
    TableEntry& entry = again.Take<TableEntry>(5)[index];
    TableNames names;
    std::uint32_t encoding = 0;
    const auto stop_writing = [&] {
        entry.sequence.TryBegin(entry.sequence.Seen());
        auto& half = entry.copies[TableEntry::Sequence::CopyOf(entry.sequence.Seen() + 1)];
        Put(half.encoding, 13);
        Put(half.names[8], 13);
    };
    stop_writing();
    tables.Read(index, &names, &encoding);
    EXPECT_STREQ(names.table, "whole");
    EXPECT_EQ(encoding, 6U);
    // Others leave it to that writer, and a repair forgets what it wrote.
    tables.Rename(index, Names("other"), 6);
    tables.Read(index, &names, &encoding);
    EXPECT_STREQ(names.table, "whole");
    tables.Repair();
    tables.Read(index, &names, &encoding);
    EXPECT_STREQ(names.table, "whole");
    for (const char* name : {"second", "third", "fourth"}) {
        tables.Rename(index, Names(name), 6);
        stop_writing();
        tables.Read(index, &names, &encoding);
        EXPECT_STREQ(names.table, name);
        tables.Repair();
    }
}

TEST(TableDirectory, AReferenceOutlivesItsTableAndNamesNoOther) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    TableDirectory tables = segment.tables;
    std::uint32_t last = 0;
    for (std::uint32_t round = 1; round <= 5 * kSmallSizes.tables; ++round) {
        const TableKey key{5, round, 0};
        const std::uint32_t table = tables.Insert(key, Names("t"), 6);
        ASSERT_NE(table, kOtherTables);
        EXPECT_NE(table, last);
        EXPECT_EQ(tables.Find(key), table);
        ASSERT_TRUE(segment.TryFreeTables({&table, 1}));
        EXPECT_FALSE(tables.IsCurrent(table));
        EXPECT_EQ(tables.Find(key), kNoIndex);
        TableNames names;
        std::uint32_t encoding = 0;
        EXPECT_FALSE(tables.Read(table, &names, &encoding));
        EXPECT_FALSE(tables.Rename(table, Names("late"), 6));
        last = table;
    }
    EXPECT_EQ(tables.Overflow(), 0U);
    EXPECT_EQ(tables.Used(), 1U);  // what they left is counted at one place
}

// Cells are used again. One place has what those that went have counted.
TEST(TableDirectory, FindsWhatStaysWhileOthersComeAndGo) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    TableDirectory tables = segment.tables;
    const std::uint32_t stays = tables.Insert({5, 1, 0}, Names("stays"), 6);
    for (std::uint32_t round = 0; round < 1000; ++round) {
        std::array<std::uint32_t, kSmallSizes.tables - 2> gone;
        for (std::uint32_t at = 0; at < gone.size(); ++at) {
            gone[at] = tables.Insert({5, 100 * round + at + 100, 0}, Names("goes"), 6);
            ASSERT_NE(gone[at], kOtherTables);
        }
        ASSERT_EQ(tables.Find({5, 1, 0}), stays);
        tables.Repair();
        ASSERT_TRUE(segment.TryFreeTables(gone));
    }
    EXPECT_EQ(tables.Find({5, 1, 0}), stays);
}

TEST(TableDirectory, WhatAGoneTableHasCountedIsNoOthers) {
    const TestSegment memory;
    TestStore store = memory.Store();
    OwnSegment& segment = store.segment;
    const FinishedRun run{5000, 1, false, false};
    std::uint32_t table = segment.tables.Insert({5, 1, 0}, Names("old"), 6);
    const Target old{table, Operation::kSelect};
    StatementKey key = Key(1);
    key.table = table;
    const Handle handle = store.Insert(key, {old, 0, 1});
    ASSERT_TRUE(store.AddExecution(handle, run, {}));
    store.AddLeftover(old, run, 5);
    segment.n_plus_one.CountLoop(table);
    ASSERT_TRUE(segment.TryFreeTables({&table, 1}));
    const std::uint32_t next = segment.tables.Insert({5, 2, 0}, Names("new"), 6);
    ASSERT_EQ(TableDirectory::IndexOf(next), TableDirectory::IndexOf(table));
    store.AddLeftover(old, run, 5);
    segment.n_plus_one.CountLoop(table);
    EXPECT_FALSE(store.AddExecution(handle, run, {}));
    for (int round = 0; round < 4; ++round) {
        TallySnapshot sum;
        segment.statements.AddTalliesOf({next, Operation::kSelect}, sum);
        EXPECT_EQ(sum.Executions(), 0U);
        EXPECT_EQ(Total(segment).Executions(), 3U);
        store.Fold();
        store.Repair();
    }
    EXPECT_EQ(segment.n_plus_one.LoopsOf(TableDirectory::IndexOf(next)), 0U);
}

TEST(TableDirectory, EachIndexIsBelowItsEnd) {
    const TestSegment memory;
    TableDirectory tables = memory.View().tables;
    EXPECT_EQ(tables.End(), 1U);
    for (std::uint32_t table = 1; table <= tables.Size(); ++table) {
        const std::uint32_t index = tables.Insert({5, table, 0}, Names("t"), 6);
        EXPECT_LT(index, tables.End());
    }
    EXPECT_EQ(tables.End(), kSmallSizes.tables + 1);
}

// A record whose plan somebody is just attaching is not gone.
TEST(SlowRing, TellsABusyRecordFromOneThatIsGone) {
    SlowRing ring;
    TextPool none;
    SegmentSizes sizes = kSmallSizes;
    const PartMemory memory(ring, sizes, none, none);
    SlowRecord record{};
    EXPECT_EQ(ring.Read(1, &record), SlowRing::Reading::kGone);
    const std::uint64_t id = ring.Write(SlowRecord{});
    Carver again = memory.Again();
    again.Take<SlowRing::Shared>();
    SlowSlot& slot = again.Take<SlowSlot>(sizes.slow_ring)[id % sizes.slow_ring];
    ASSERT_TRUE(slot.sequence.TryBegin(2 * id, 2 * id - 1));
    EXPECT_EQ(ring.Read(id, &record), SlowRing::Reading::kBusy);
    EXPECT_EQ(ring.Read(id + sizes.slow_ring, &record), SlowRing::Reading::kGone);
    slot.sequence.End(2 * id);
    EXPECT_EQ(ring.Read(id, &record), SlowRing::Reading::kWhole);
}

TEST(SlowRing, KeepsTheNewestAndItsTexts) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    const std::uint32_t fresh = segment.texts.FreeBlocks();
    for (int round = 1; round <= 40; ++round) {
        SlowRecord record{};
        record.queryid = static_cast<std::uint64_t>(round);
        record.text = segment.texts.Store("statement " + std::to_string(round), 6);
        segment.ring.Write(record);
    }
    EXPECT_EQ(segment.ring.LastId(), 40U);
    SlowRecord record;
    EXPECT_EQ(segment.ring.Read(24, &record), SlowRing::Reading::kGone);
    ASSERT_EQ(segment.ring.Read(25, &record), SlowRing::Reading::kWhole);
    EXPECT_EQ(record.queryid, 25U);
    EXPECT_EQ(ReadText(segment.texts, record.text), "statement 25");
    EXPECT_TRUE(segment.ring.Holds(25));
    segment.ring.Forget({0, 0, 0});
    EXPECT_EQ(segment.ring.Read(40, &record), SlowRing::Reading::kGone);
    EXPECT_EQ(segment.texts.FreeBlocks(), fresh);
}

TEST(SlowRing, TakesAPlanLaterUnlessTheRecordIsGone) {
    const TestSegment memory;
    OwnSegment segment = memory.View();
    const std::uint32_t fresh = segment.details.FreeBlocks();
    const std::uint64_t id = segment.ring.Write(SlowRecord{});
    segment.ring.Attach(id, {7, segment.details.Store("Seq Scan", 6), 0});
    SlowRecord record;
    ASSERT_EQ(segment.ring.Read(id, &record), SlowRing::Reading::kWhole);
    EXPECT_EQ(record.plan_id, 7U);
    EXPECT_EQ(ReadText(segment.details, record.plan), "Seq Scan");
    for (std::uint32_t round = 0; round < segment.ring.Size(); ++round) {
        segment.ring.Write(SlowRecord{});
    }
    EXPECT_EQ(segment.details.FreeBlocks(), fresh);
    segment.ring.Attach(id, {7, segment.details.Store("Seq Scan", 6), 0});
    EXPECT_EQ(segment.details.FreeBlocks(), fresh);
}

}  // namespace
}  // namespace elile::core
