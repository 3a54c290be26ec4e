// An entry is what the store keeps of one statement, which sessions name by its key or by a handle.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/shared/atomics.hpp"
#include "core/statements/counters.hpp"
#include "core/statements/plan_history.hpp"

namespace elile::core {

enum class Operation : std::uint8_t { kSelect, kInsert, kUpdate, kDelete, kMerge, kUtility };
inline constexpr int kOperations = 6;
inline constexpr std::array<std::string_view, kOperations> kOperationNames = {
    "select", "insert", "update", "delete", "merge", "utility"};

// A statement is the application's unless it reads the extension's own objects, or the catalogue,
// and nothing else.
enum class StatementOrigin : std::uint8_t { kApplication, kOwn, kCatalogue };
inline constexpr int kStatementOrigins = 3;
inline constexpr std::array<std::string_view, kStatementOrigins> kStatementOriginNames = {
    "application", "own", "catalogue"};

// The key is a statement's identity. `unidentified` entries stand for executions without a query
// identifier. Their queryid is (relid << 8 | operation), and they are no rows of the statements
// view. A utility is found by its text_hash, and its queryid tells nothing: the server gives each
// of its constants another one.
struct StatementKey {
    std::uint64_t queryid;
    std::uint32_t userid;
    std::uint32_t dbid;
    bool toplevel;
    bool unidentified;
    // In the table directory. One identifier may stand for statements on several tables.
    std::uint32_t table = 0;
    std::uint64_t text_hash = 0;  // of a utility; 0 for all else

    bool operator==(const StatementKey& other) const noexcept {
        return userid == other.userid && dbid == other.dbid && toplevel == other.toplevel &&
               unidentified == other.unidentified && table == other.table &&
               text_hash == other.text_hash && (text_hash != 0 || queryid == other.queryid);
    }
    std::uint64_t Hash() const noexcept;
};

// An execution is counted here when its entry is gone.
struct Target {
    std::uint32_t table;  // reference into the table directory, or an index where that is said
    Operation operation;
    bool toplevel = true;

    bool operator==(const Target&) const noexcept = default;
};

// A table has so many targets: each operation at top level and nested.
inline constexpr std::uint32_t kTargetsPerTable = 2 * kOperations;

// A target, of which `table` is an index, has this place among those of all tables. TargetAt() is
// the way back.
inline std::uint32_t PlaceOf(const Target& target) noexcept {
    return target.table * kTargetsPerTable + (target.toplevel ? 0 : kOperations) +
           static_cast<std::uint32_t>(target.operation);
}
inline Target TargetAt(std::uint32_t place) noexcept {
    const std::uint32_t of_table = place % kTargetsPerTable;
    return {place / kTargetsPerTable, static_cast<Operation>(of_table % kOperations),
            of_table < kOperations};
}

// A handle names an entry as it was when it was looked up. It may be used after an eviction, which
// the store notices.
struct Handle {
    std::uint32_t slot = kNoIndex;
    std::uint32_t tag = 0;
    bool IsValid() const noexcept { return slot != kNoIndex; }
};

// An entry's state is the low two bits of its tag; the rest counts its uses.
//   Free -> Filling (popped from the free stack; its owner alone writes, and makes a cell lead to
//                    it; everyone else passes over it)
//        -> Live    (found by look-ups; any process adds, any may retire it)
//        -> Retired (being unlinked by who retired it; late adders under a hazard only)
//        -> Free    (folded under the gate's exclusive side, tag raised)
// Filling becomes Free where no cell could be had.
enum class EntryState : std::uint32_t { kFree = 0, kFilling = 1, kLive = 2, kRetired = 3 };
inline EntryState StateOf(std::uint32_t tag) noexcept { return static_cast<EntryState>(tag & 3); }

// These give the tag that follows. Each of the first three takes a tag of the state before its own.
// Free() takes one of any state but Free, and begins the next use.
constexpr std::uint32_t Filling(std::uint32_t tag) noexcept { return tag + 1; }
constexpr std::uint32_t Live(std::uint32_t tag) noexcept { return tag + 1; }
constexpr std::uint32_t Retired(std::uint32_t tag) noexcept { return tag + 1; }
constexpr std::uint32_t Free(std::uint32_t tag) noexcept { return (tag | 3) + 1; }

// It lies in shared memory. The identity is written in Filling and constant until Free.
struct alignas(kCacheLine) Entry {
    HalfWord tag;
    HalfWord flags;  // EntryFlags
    Word queryid;
    Word user_and_database;  // userid << 32 | dbid
    HalfWord table;
    HalfWord text;        // in the text pool; 0 none
    Word created_at_us;   // microseconds since 2000-01-01 UTC
    Word text_hash;       // of a utility; 0 for all else
    HalfWord seen_calls;  // executions, modulo 2^32, when the eviction's hand last passed; the hand
                          // alone
    HalfWord weight;      // decayed executions between passes of the hand; the hand alone
    HalfWord stripes;     // of a hot statement, in the stripe pool + 1; 0 none. What is counted is
                          // the sum of `counters` and of all stripes
    HalfWord collisions;  // additions that met another process's; any process
    Counters counters;
    PlanHistory history;
};
static_assert(sizeof(Entry) == 768);

enum EntryFlags : std::uint32_t {
    kToplevel = 1,
    kUnidentified = 2,
    kDiscard = 4,     // reset() retired it: its sums are forgotten, not folded
    kFolding = 8,     // its sums are being moved: after a crash they can't be told apart
    kEstimated = 16,  // some executions stood for others: sample_rate was below 1
    kGoing = 32,      // it is folded now, so it leaves its query's chain
    kOperationShift = 8,
    kOriginShift = 12  // of a StatementOrigin
};

// An entry is made from this.
struct NewEntry {
    Target target;
    std::uint32_t text;  // in the pool of texts; the store takes over the reference
    std::uint64_t created_at_us;
    StatementOrigin origin = StatementOrigin::kApplication;
};

// A session remembers this of a statement, so that it looks up the entry once.
struct KnownStatement {
    StatementKey key;
    std::uint32_t relid;           // of the table by which the entry was found or made; 0 none
    std::uint32_t first_relation;  // the one that tells by itself that a plan is on that table
    Handle handle;
    Target target;
    StatementOrigin origin;
};

// Tells whether the sums include what the entry holds. The caller holds the gate.
inline bool IsCounted(const Entry& entry) noexcept {
    const EntryState state = StateOf(entry.tag.load(std::memory_order_acquire));
    return state == EntryState::kLive ||
           (state == EntryState::kRetired && (Get(entry.flags) & kDiscard) == 0);
}

StatementKey KeyOf(const Entry& entry) noexcept;
Target TargetOf(const Entry& entry) noexcept;
StatementOrigin StatementOriginOf(const Entry& entry) noexcept;

}  // namespace elile::core
