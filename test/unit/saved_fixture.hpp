// Saves a segment as the saver does, and restores it into another one.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/saved/restore.hpp"
#include "core/saved/save_buffer.hpp"
#include "core/saved/walk.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::core {

inline constexpr std::uint64_t kNumber = 4711;

// Damage is tried at each byte, and under the thread sanitizer, which finds nothing in one thread,
// at one in sixteen.
#ifdef __SANITIZE_THREAD__
inline constexpr std::size_t kDamageStep = 16;
#else
inline constexpr std::size_t kDamageStep = 1;
#endif

inline TableNames Names(const char* table) {
    TableNames names{};
    CopyName(names.schema, "public");
    CopyName(names.table, table);
    return names;
}

// What a base has behind its header.
inline std::string Save(Segment& segment, bool is_last = false) {
    std::vector<char> scratch(SaveWalk::kScratchBytes);
    std::vector<char> room(SaveWalk::kMostRecordBytes);
    SaveWalk walk(segment, scratch, is_last);
    SaveBuffer buffer;
    buffer.Begin(kNumber, 1, 0);
    SaveWalk::Place place{};
    for (bool more = true; more;) {
        ByteWriter out(room);
        more = walk.Next(&place, out);
        EXPECT_TRUE(out.Fits());
        EXPECT_TRUE(out.Used() == 0 || buffer.Add(place.kind, place.place, out.Written()));
    }
    EXPECT_TRUE(buffer.End());
    return std::string(buffer.Bytes());
}

struct Restored {
    RestoreCounts counts;
    std::uint32_t damaged;
};

inline Restored Restore(std::string_view base, TestStore& store, std::string_view log = {},
                        bool goes_on = false) {
    SavedContent content(base, log, kNumber);
    std::vector<SavedContent::Cell> cells(content.CellsNeeded());
    content.Index(cells);
    Restoring restoring(store.segment, store, content);
    restoring.Run(goes_on);
    return {restoring.Counts(), content.Damaged()};
}

inline std::string TextOf(const TextPool& pool, std::uint32_t id) {
    std::string text(pool.LengthOf(id), '\0');
    std::uint32_t encoding = 0;
    pool.Read(id, text.data(), static_cast<std::uint32_t>(text.size()), &encoding);
    return text;
}

}  // namespace elile::core
