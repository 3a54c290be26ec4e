// The index set is 18 indexes on the application's six tables. No other place declares them.
#pragma once

#include <cstddef>
#include <string_view>

namespace elile::core {

enum class IndexMethod : unsigned char { kBtree, kGin, kOther };

// A column must be this for its index to make sense. A domain counts as the type below it.
enum class ColumnNeed : unsigned char {
    kOrdered,  // any type with a default operator class for btree
    kJsonb,
    kText,    // text, varchar, char
    kNumber,  // real, double precision, numeric
    kBoolean
};

enum class PredicateKind : unsigned char {
    kNone,
    kAtLeast,  // column >= bound
    kOneOf,    // column is one of some strings
    kIsTrue,   // a boolean column
    kOther
};

struct SetColumn {
    const char* name;  // null: no more columns
    ColumnNeed need;
    bool descending;
};

struct SetPredicate {
    static constexpr std::size_t kMostStrings = 3;

    PredicateKind kind;
    SetColumn column;
    double bound;                            // of kAtLeast
    std::string_view strings[kMostStrings];  // of kOneOf; plain words, the rest empty

    constexpr std::size_t Strings() const noexcept {
        std::size_t count = 0;
        while (count < kMostStrings && !strings[count].empty()) {
            ++count;
        }
        return count;
    }
};

struct SetIndex {
    static constexpr std::size_t kMostColumns = 3;

    const char* name;
    const char* table;
    IndexMethod method;
    SetColumn columns[kMostColumns];
    SetPredicate predicate;
    const char* serves;  // in words

    constexpr std::size_t Columns() const noexcept {
        std::size_t count = 0;
        while (count < kMostColumns && columns[count].name != nullptr) {
            ++count;
        }
        return count;
    }
};

inline constexpr std::size_t kSetIndexes = 18;
extern const SetIndex kIndexSet[kSetIndexes];

inline constexpr std::size_t kSetTables = 6;
extern const char* const kSetTableNames[kSetTables];

// Returns null when the set has no index of that name.
const SetIndex* FindInSet(std::string_view name) noexcept;

}  // namespace elile::core
