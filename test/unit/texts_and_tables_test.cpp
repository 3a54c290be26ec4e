// Texts, table names and slow executions come back as they were stored, and bounds are counted.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "unit/segment_fixture.hpp"

namespace elile::core {
namespace {

std::string ReadText(const TextPool& texts, std::uint32_t id) {
    std::vector<char> buffer(kMaxTextBytes);
    std::uint32_t encoding = 0;
    const std::uint32_t length = texts.Read(id, buffer.data(), &encoding);
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

TEST(TextPool, StoresAllOfATextOrNothing) {
    const TestSegment memory;
    TextPool texts = memory.View().texts;
    const std::uint32_t fresh = texts.FreeBlocks();
    EXPECT_EQ(texts.Store(std::string(kMaxTextBytes, 'x'), 6), 0U);
    EXPECT_EQ(texts.FreeBlocks(), fresh);
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
    Segment segment = memory.View();
    for (std::uint32_t table = 1; table <= kSmallSizes.tables; ++table) {
        EXPECT_NE(segment.tables.Insert({5, table, 0}, Names("t"), 6), kOtherTables);
    }
    EXPECT_EQ(segment.tables.Insert({5, 99, 0}, Names("t"), 6), kOtherTables);
    EXPECT_EQ(Get(segment.header->tables_overflow), 1U);
}

TEST(TableDirectory, ReadsTheLatestName) {
    const TestSegment memory;
    TableDirectory tables = memory.View().tables;
    const std::uint32_t index = tables.Insert({5, 77, 0}, Names("old"), 6);
    tables.Rename(index, Names("new"), 6);
    TableNames names;
    std::uint32_t encoding = 0;
    ASSERT_TRUE(tables.Read(index, &names, &encoding));
    EXPECT_STREQ(names.table, "new");
    EXPECT_EQ(tables.Find({5, 77, 0}), index);
}

TEST(SlowRing, KeepsTheNewestAndItsTexts) {
    const TestSegment memory;
    Segment segment = memory.View();
    const std::uint32_t fresh = segment.texts.FreeBlocks();
    for (int round = 1; round <= 40; ++round) {
        SlowRecord record{};
        record.queryid = static_cast<std::uint64_t>(round);
        record.text = segment.texts.Store("statement " + std::to_string(round), 6);
        segment.ring.Write(record, segment.texts);
    }
    EXPECT_EQ(segment.ring.LastId(), 40U);
    std::vector<char> text(kMaxTextBytes);
    std::uint32_t length = 0;
    std::uint32_t encoding = 0;
    SlowRecord record;
    EXPECT_FALSE(segment.ring.Read(24, segment.texts, &record, text.data(), &length, &encoding));
    ASSERT_TRUE(segment.ring.Read(25, segment.texts, &record, text.data(), &length, &encoding));
    EXPECT_EQ(record.queryid, 25U);
    EXPECT_EQ(std::string(text.data(), length), "statement 25");
    segment.ring.Forget(segment.texts, [](const SlowRecord&) { return true; });
    EXPECT_FALSE(segment.ring.Read(40, segment.texts, &record, text.data(), &length, &encoding));
    EXPECT_EQ(segment.texts.FreeBlocks(), fresh);
}

}  // namespace
}  // namespace elile::core
