#include "core/indexes/shape.hpp"

#include <algorithm>

namespace elile::core {
namespace {

enum class Order : std::uint8_t { kSame, kReversed, kNeither };

Order OrderOf(const KeyColumn& a, const KeyColumn& b) noexcept {
    if (a.descending == b.descending && a.nulls_first == b.nulls_first) {
        return Order::kSame;
    }
    return a.descending != b.descending && a.nulls_first != b.nulls_first ? Order::kReversed
                                                                          : Order::kNeither;
}

bool SameKey(const KeyColumn& a, const KeyColumn& b) noexcept {
    return a.attribute == b.attribute && a.text == b.text &&
           a.operator_family == b.operator_family && a.operator_type == b.operator_type &&
           a.collation == b.collation;
}

bool SameMethod(const IndexShape& a, const IndexShape& b) noexcept {
    return a.method == b.method && a.method_id == b.method_id && a.options == b.options;
}

bool IsSubset(const IndexPredicate& part, const IndexPredicate& whole) noexcept {
    return std::includes(whole.strings, whole.strings + whole.count, part.strings,
                         part.strings + part.count);
}

// Tells whether the columns that `b` includes are in `a`, as keys or included.
bool HasIncluded(const IndexShape& a, const IndexShape& b) noexcept {
    return std::all_of(b.included, b.included + b.included_count, [&](int column) {
        return std::find(a.included, a.included + a.included_count, column) !=
                   a.included + a.included_count ||
               std::any_of(a.keys, a.keys + a.key_count,
                           [&](const KeyColumn& key) { return key.attribute == column; });
    });
}

bool SameIncluded(const IndexShape& a, const IndexShape& b) noexcept {
    return a.included_count == b.included_count && HasIncluded(a, b) && HasIncluded(b, a);
}

// A GIN index finds by any of its columns as well as by the first.
bool HasAllKeys(const IndexShape& wider, const IndexShape& wanted) noexcept {
    return std::all_of(wanted.keys, wanted.keys + wanted.key_count, [&](const KeyColumn& key) {
        return std::any_of(wider.keys, wider.keys + wider.key_count,
                           [&](const KeyColumn& other) { return SameKey(key, other); });
    });
}

bool IsPrefix(const IndexShape& wider, const IndexShape& wanted) noexcept {
    return wider.key_count >= wanted.key_count &&
           std::equal(wanted.keys, wanted.keys + wanted.key_count, wider.keys, SameKey);
}

// Tells how the first `count` columns of both stand to each other: all the same, all reversed, or
// mixed.
Order OrderOfFirst(const IndexShape& a, const IndexShape& b, std::size_t count) noexcept {
    if (count == 0) {
        return Order::kSame;
    }
    const Order first = OrderOf(a.keys[0], b.keys[0]);
    for (std::size_t at = 1; at < count; ++at) {
        if (OrderOf(a.keys[at], b.keys[at]) != first) {
            return Order::kNeither;
        }
    }
    return first;
}

Service OrderedService(const IndexShape& wider, const IndexShape& wanted) noexcept {
    const std::size_t leading = wanted.key_count - 1;
    const Order first = OrderOfFirst(wider, wanted, leading);
    const Order last = OrderOf(wider.keys[leading], wanted.keys[leading]);
    if (first == Order::kNeither || last == Order::kNeither) {
        return Service::kNone;
    }
    return last == Order::kSame && first == Order::kSame ? Service::kAsIs : Service::kBackwards;
}

}  // namespace

std::size_t SortStrings(std::string_view* strings, std::size_t count) noexcept {
    std::sort(strings, strings + count);
    return static_cast<std::size_t>(std::unique(strings, strings + count) - strings);
}

bool SamePredicate(const IndexPredicate& a, const IndexPredicate& b) noexcept {
    if (a.kind != b.kind || a.attribute != b.attribute) {
        return false;
    }
    switch (a.kind) {
        case PredicateKind::kAtLeast:
            return a.bound == b.bound;
        case PredicateKind::kOneOf:
            return IsSubset(a, b) && IsSubset(b, a);
        case PredicateKind::kOther:
            return a.text == b.text;
        default:
            return true;
    }
}

bool Implies(const IndexPredicate& stronger, const IndexPredicate& weaker) noexcept {
    if (weaker.kind == PredicateKind::kNone || SamePredicate(stronger, weaker)) {
        return true;
    }
    if (stronger.kind != weaker.kind || stronger.attribute != weaker.attribute) {
        return false;
    }
    switch (stronger.kind) {
        case PredicateKind::kAtLeast:
            return stronger.bound >= weaker.bound;
        case PredicateKind::kOneOf:
            return IsSubset(stronger, weaker);
        default:
            return false;
    }
}

bool SameButUnique(const IndexShape& a, const IndexShape& b) noexcept {
    return SameMethod(a, b) && a.key_count == b.key_count && IsPrefix(a, b) &&
           OrderOfFirst(a, b, a.key_count) == Order::kSame && SameIncluded(a, b) &&
           SamePredicate(a.predicate, b.predicate);
}

bool Same(const IndexShape& a, const IndexShape& b) noexcept {
    return a.is_unique == b.is_unique && SameButUnique(a, b);
}

Service Serves(const IndexShape& wider, const IndexShape& wanted) noexcept {
    if (!wider.is_valid || !SameMethod(wider, wanted) || !HasIncluded(wider, wanted) ||
        !Implies(wanted.predicate, wider.predicate)) {
        return Service::kNone;
    }
    switch (wanted.method) {
        case IndexMethod::kBtree:
            return IsPrefix(wider, wanted) ? OrderedService(wider, wanted) : Service::kNone;
        case IndexMethod::kGin:
            return HasAllKeys(wider, wanted) ? Service::kAsIs : Service::kNone;
        default:
            return SameButUnique(wider, wanted) ? Service::kAsIs : Service::kNone;
    }
}

Redundancy MakesNeedless(const IndexShape& kept, const IndexShape& needless) noexcept {
    if (!kept.is_valid || !SameMethod(kept, needless) ||
        !SamePredicate(kept.predicate, needless.predicate) || !HasIncluded(kept, needless)) {
        return Redundancy::kNone;
    }
    const bool same_keys = kept.key_count == needless.key_count && IsPrefix(kept, needless);
    if (needless.is_unique && !(kept.is_unique && same_keys)) {
        return Redundancy::kNone;
    }
    const bool in_order =
        OrderOfFirst(kept, needless, std::min(kept.key_count, needless.key_count)) !=
        Order::kNeither;
    if (same_keys && in_order && SameIncluded(kept, needless)) {
        return Redundancy::kDuplicate;
    }
    switch (needless.method) {
        case IndexMethod::kBtree:
            return IsPrefix(kept, needless) && in_order ? Redundancy::kPrefix : Redundancy::kNone;
        case IndexMethod::kGin:
            return HasAllKeys(kept, needless) ? Redundancy::kPrefix : Redundancy::kNone;
        default:
            return Redundancy::kNone;
    }
}

}  // namespace elile::core
