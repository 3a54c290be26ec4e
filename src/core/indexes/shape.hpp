// The definition of an index as a value, and what one index does for another. Texts and arrays are
// the maker's; they must outlive the shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/indexes/set.hpp"

namespace elile::core {

struct KeyColumn {
    int attribute;  // column's number; 0: an expression
    // Canonical form of the expression, or of the options of the operator class.
    std::string_view text;
    // The operator class by what it does: classes that share both are aliases.
    std::uint32_t operator_family;
    std::uint32_t operator_type;
    std::uint32_t collation;  // 0 where the type has none
    bool descending;
    bool nulls_first;
};

struct IndexPredicate {
    PredicateKind kind;
    int attribute;
    double bound;
    const std::string_view* strings;  // of kOneOf; sorted, each once
    std::size_t count;
    std::string_view text;  // of kOther; canonical
};

struct IndexShape {
    IndexMethod method;
    std::uint32_t method_id;  // tells apart what kOther lumps together
    const KeyColumn* keys;
    std::size_t key_count;
    const int* included;  // numbers of the columns in INCLUDE
    std::size_t included_count;
    IndexPredicate predicate;
    bool is_unique;
    bool is_valid;  // complete, and kept so
};

// Makes them what a predicate has, in place. Their number: any two sets are compared in one pass,
// since whoever owns a table decides how long they are.
std::size_t SortStrings(std::string_view* strings, std::size_t count) noexcept;

bool SamePredicate(const IndexPredicate& a, const IndexPredicate& b) noexcept;

// Whether rows that satisfy `stronger` satisfy `weaker`, as far as this can tell.
bool Implies(const IndexPredicate& stronger, const IndexPredicate& weaker) noexcept;

// Uniqueness and validity apart.
bool SameButUnique(const IndexShape& a, const IndexShape& b) noexcept;

// The same definition, whatever the names; validity apart.
bool Same(const IndexShape& a, const IndexShape& b) noexcept;

enum class Service : std::uint8_t { kNone, kAsIs, kBackwards };

// Whether `wider` finds what `wanted` finds, in the order that it gives: as it is, or read
// backwards. The last wanted column may also stand the other way round alone, since those before
// it are bound to one value each where its order matters.
Service Serves(const IndexShape& wider, const IndexShape& wanted) noexcept;

// Whether `kept` makes `needless` so: an equal index or one that begins with it, with the same
// predicate, read the same way or wholly backwards. What `needless` enforces `kept` must enforce.
enum class Redundancy : std::uint8_t { kNone, kDuplicate, kPrefix };
Redundancy MakesNeedless(const IndexShape& kept, const IndexShape& needless) noexcept;

}  // namespace elile::core
