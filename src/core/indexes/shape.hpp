// A shape is the definition of an index as a value, from which follows what one index does for
// another. Texts and arrays are the maker's; they must outlive the shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/indexes/set.hpp"

namespace elile::core {

struct KeyColumn {
    int attribute;  // column's number; 0: an expression
    // This is the canonical form of the expression, and of the options of the operator class.
    std::string_view text;
    // These two tell what the operator class does: classes that share both are aliases.
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
    // The canonical form of those storage options that decide which rows an index narrows a search
    // to, and how far. How full, how large or how lazily written it is changes none of that.
    std::string_view options;
    const KeyColumn* keys;
    std::size_t key_count;
    const int* included;  // numbers of the columns in INCLUDE
    std::size_t included_count;
    IndexPredicate predicate;
    bool is_unique;
    bool is_valid;  // complete, and kept so
};

// Sorts the strings in place and drops those that repeat, as a predicate has them. Returns how many
// are left. Whoever owns a table decides how many there are, so two sets are compared in one pass.
std::size_t SortStrings(std::string_view* strings, std::size_t count) noexcept;

bool SamePredicate(const IndexPredicate& a, const IndexPredicate& b) noexcept;

// Tells whether rows that satisfy `stronger` satisfy `weaker`, as far as this can tell.
bool Implies(const IndexPredicate& stronger, const IndexPredicate& weaker) noexcept;

// Tells whether both are the same, whatever their names, uniqueness and validity.
bool SameButUnique(const IndexShape& a, const IndexShape& b) noexcept;

// Tells whether both are the same, whatever their names and validity.
bool Same(const IndexShape& a, const IndexShape& b) noexcept;

enum class Service : std::uint8_t { kNone, kAsIs, kBackwards };

// Tells whether `wider` finds what `wanted` finds, in the order that it gives: as it is, or read
// backwards. The last wanted column alone may also stand the other way round. Where its order
// matters, those before it are bound to one value each.
Service Serves(const IndexShape& wider, const IndexShape& wanted) noexcept;

// Tells whether `kept` does all that `needless` does. It is an equal index or one that begins with
// it, with the same predicate, read the same way or wholly backwards. What `needless` enforces
// `kept` must enforce.
enum class Redundancy : std::uint8_t { kNone, kDuplicate, kPrefix };
Redundancy MakesNeedless(const IndexShape& kept, const IndexShape& needless) noexcept;

}  // namespace elile::core
