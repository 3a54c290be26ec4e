// What one index does for another: which serves, which makes needless, and which is the same.
#include "core/indexes/shape.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <vector>

#include "core/indexes/set.hpp"

namespace elile::core {
namespace {

constexpr std::uint32_t kIntegers = 1976;
constexpr std::uint32_t kInteger = 23;

KeyColumn Column(int attribute) { return {attribute, {}, kIntegers, kInteger, 0, false, false}; }
KeyColumn Down(int attribute) { return {attribute, {}, kIntegers, kInteger, 0, true, true}; }

// Keeps the arrays of what it makes.
class Shapes {
public:
    IndexShape Btree(const std::vector<KeyColumn>& keys, const std::vector<int>& included = {}) {
        return Make(IndexMethod::kBtree, keys, included);
    }
    IndexShape Gin(const std::vector<KeyColumn>& keys) { return Make(IndexMethod::kGin, keys, {}); }
    IndexShape Hash(const std::vector<KeyColumn>& keys) {
        return Make(IndexMethod::kOther, keys, {});
    }
    IndexPredicate OneOf(std::vector<std::string_view> strings) {
        strings_.push_back(std::move(strings));
        std::vector<std::string_view>& kept = strings_.back();
        const std::size_t count = SortStrings(kept.data(), kept.size());
        return {PredicateKind::kOneOf, 1, 0, kept.data(), count, {}};
    }

private:
    IndexShape Make(IndexMethod method, const std::vector<KeyColumn>& keys,
                    const std::vector<int>& included) {
        keys_.push_back(keys);
        included_.push_back(included);
        IndexShape shape = {};
        shape.method = method;
        shape.method_id = static_cast<std::uint32_t>(method) + 1;
        shape.keys = keys_.back().data();
        shape.key_count = keys.size();
        shape.included = included_.back().data();
        shape.included_count = included.size();
        shape.predicate = {PredicateKind::kNone, 0, 0, nullptr, 0, {}};
        shape.is_valid = true;
        return shape;
    }

    std::deque<std::vector<KeyColumn>> keys_;
    std::deque<std::vector<int>> included_;
    std::deque<std::vector<std::string_view>> strings_;
};

IndexPredicate AtLeast(double bound) { return {PredicateKind::kAtLeast, 1, bound, nullptr, 0, {}}; }
IndexPredicate Other(std::string_view text) {
    return {PredicateKind::kOther, 0, 0, nullptr, 0, text};
}
IndexPredicate IsTrue(int attribute) {
    return {PredicateKind::kIsTrue, attribute, 0, nullptr, 0, {}};
}
constexpr IndexPredicate kAllRows = {PredicateKind::kNone, 0, 0, nullptr, 0, {}};

IndexShape Where(IndexShape shape, const IndexPredicate& predicate) {
    shape.predicate = predicate;
    return shape;
}
IndexShape Unique(IndexShape shape) {
    shape.is_unique = true;
    return shape;
}

TEST(Predicates, ImplyWhatHasTheSameRowsOrMore) {
    Shapes shapes;
    const IndexPredicate two = shapes.OneOf({"b", "a", "b"});
    const IndexPredicate three = shapes.OneOf({"c", "b", "a"});
    EXPECT_TRUE(Implies(two, kAllRows));
    EXPECT_FALSE(Implies(kAllRows, two));
    EXPECT_TRUE(Implies(two, three));
    EXPECT_FALSE(Implies(three, two));
    EXPECT_TRUE(SamePredicate(two, shapes.OneOf({"a", "b"})));
    EXPECT_FALSE(SamePredicate(two, three));
    EXPECT_TRUE(Implies(AtLeast(2), AtLeast(1)));
    EXPECT_FALSE(Implies(AtLeast(1), AtLeast(2)));
    EXPECT_FALSE(Implies(AtLeast(1), two));
    EXPECT_TRUE(Implies(Other("a > b"), Other("a > b")));
    EXPECT_FALSE(Implies(Other("a > b"), Other("a > c")));
    EXPECT_TRUE(Implies(IsTrue(1), IsTrue(1)));
    EXPECT_FALSE(Implies(IsTrue(1), IsTrue(2)));
    // A bound that is no number has no order.
    EXPECT_FALSE(Implies(AtLeast(0.0 / 0.0), AtLeast(1)));
}

TEST(Shapes, AreTheSameInAllButNameAndValidity) {
    Shapes shapes;
    const IndexShape index = shapes.Btree({Column(1), Down(2)}, {3, 4});
    IndexShape other = shapes.Btree({Column(1), Down(2)}, {4, 3});
    other.is_valid = false;
    EXPECT_TRUE(Same(index, other));
    EXPECT_TRUE(SameButUnique(index, Unique(other)));
    EXPECT_FALSE(Same(index, Unique(other)));
    EXPECT_FALSE(Same(index, shapes.Btree({Column(1), Column(2)}, {3, 4})));
    EXPECT_FALSE(Same(index, shapes.Btree({Column(1), Down(2)}, {3})));
    EXPECT_FALSE(Same(index, shapes.Btree({Column(1), Down(2), Column(5)}, {3, 4})));
    EXPECT_FALSE(Same(index, Where(other, AtLeast(1))));
    EXPECT_FALSE(Same(index, shapes.Gin({Column(1), Down(2)})));
    other.options = "pages_per_range=1";
    EXPECT_FALSE(Same(index, other));
}

TEST(Shapes, DifferByWhatAColumnsOperatorsAre) {
    Shapes shapes;
    const IndexShape index = shapes.Btree({Column(1)});
    const auto differs = [&](const KeyColumn& column) {
        return !Same(index, shapes.Btree({column}));
    };
    KeyColumn expression = Column(0);
    expression.text = "lower(a)";
    KeyColumn of_family = Column(1);
    of_family.operator_family = 1;
    KeyColumn of_type = Column(1);
    of_type.operator_type = 1;
    KeyColumn collated = Column(1);
    collated.collation = 100;
    for (const KeyColumn& column : {expression, of_family, of_type, collated, Column(2)}) {
        EXPECT_TRUE(differs(column));
    }
}

TEST(Serves, BtreeByItsFirstColumns) {
    Shapes shapes;
    const IndexShape wanted = shapes.Btree({Column(1), Down(2)});
    EXPECT_EQ(Serves(wanted, wanted), Service::kAsIs);
    EXPECT_EQ(Serves(shapes.Btree({Column(1), Down(2), Column(3)}), wanted), Service::kAsIs);
    EXPECT_EQ(Serves(shapes.Btree({Down(1), Column(2)}), wanted), Service::kBackwards);
    // The first column is bound to one value, so the second's order is all there is.
    EXPECT_EQ(Serves(shapes.Btree({Column(1), Column(2)}), wanted), Service::kBackwards);
    EXPECT_EQ(Serves(shapes.Btree({Column(2), Column(1)}), wanted), Service::kNone);
    EXPECT_EQ(Serves(shapes.Btree({Column(1)}), wanted), Service::kNone);
    EXPECT_EQ(Serves(shapes.Gin({Column(1), Down(2)}), wanted), Service::kNone);
}

TEST(Serves, OrderOfNulls) {
    Shapes shapes;
    KeyColumn nulls_last = Down(2);
    nulls_last.nulls_first = false;
    EXPECT_EQ(Serves(shapes.Btree({Column(1), nulls_last}), shapes.Btree({Column(1), Column(2)})),
              Service::kNone);
    EXPECT_EQ(Serves(shapes.Btree({nulls_last, Column(1)}), shapes.Btree({Column(2), Column(1)})),
              Service::kNone);
    // Of three columns the leading two stand to each other as they are wanted, or they do not.
    EXPECT_EQ(Serves(shapes.Btree({Down(1), Column(2), Column(3)}),
                     shapes.Btree({Column(1), Column(2), Column(3)})),
              Service::kNone);
}

TEST(Serves, WithMoreRowsAndColumnsThanAreWanted) {
    Shapes shapes;
    const IndexShape wanted = Where(shapes.Btree({Column(1)}, {2}), AtLeast(5));
    EXPECT_EQ(Serves(shapes.Btree({Column(1)}, {3, 2}), wanted), Service::kAsIs);
    EXPECT_EQ(Serves(shapes.Btree({Column(1), Column(2)}), wanted), Service::kAsIs);
    EXPECT_EQ(Serves(Where(shapes.Btree({Column(1)}, {2}), AtLeast(4)), wanted), Service::kAsIs);
    EXPECT_EQ(Serves(Where(shapes.Btree({Column(1)}, {2}), AtLeast(6)), wanted), Service::kNone);
    EXPECT_EQ(Serves(shapes.Btree({Column(1)}), wanted), Service::kNone);
    IndexShape broken = wanted;
    broken.is_valid = false;
    EXPECT_EQ(Serves(broken, wanted), Service::kNone);
}

TEST(Serves, GinByAnyColumnAndOthersByThemselves) {
    Shapes shapes;
    EXPECT_EQ(Serves(shapes.Gin({Column(2), Column(1)}), shapes.Gin({Column(1)})), Service::kAsIs);
    EXPECT_EQ(Serves(shapes.Gin({Column(2)}), shapes.Gin({Column(1)})), Service::kNone);
    EXPECT_EQ(Serves(shapes.Hash({Column(1)}), shapes.Hash({Column(1)})), Service::kAsIs);
    EXPECT_EQ(Serves(shapes.Hash({Column(1), Column(2)}), shapes.Hash({Column(1)})),
              Service::kNone);
    IndexShape of_another_method = shapes.Hash({Column(1)});
    of_another_method.method_id = 99;
    EXPECT_EQ(Serves(of_another_method, shapes.Hash({Column(1)})), Service::kNone);
}

TEST(MakesNeedless, EqualOnesAndPrefixes) {
    Shapes shapes;
    const IndexShape two = shapes.Btree({Column(1), Column(2)});
    EXPECT_EQ(MakesNeedless(two, two), Redundancy::kDuplicate);
    EXPECT_EQ(MakesNeedless(two, shapes.Btree({Column(1)})), Redundancy::kPrefix);
    EXPECT_EQ(MakesNeedless(shapes.Btree({Column(1)}), two), Redundancy::kNone);
    EXPECT_EQ(MakesNeedless(two, shapes.Btree({Down(1), Down(2)})), Redundancy::kDuplicate);
    EXPECT_EQ(MakesNeedless(two, shapes.Btree({Column(1), Down(2)})), Redundancy::kNone);
    EXPECT_EQ(MakesNeedless(shapes.Btree({Column(1)}, {2}), shapes.Btree({Column(1)})),
              Redundancy::kPrefix);
    EXPECT_EQ(MakesNeedless(shapes.Btree({Column(1)}), shapes.Btree({Column(1)}, {2})),
              Redundancy::kNone);
    EXPECT_EQ(MakesNeedless(two, Where(two, AtLeast(1))), Redundancy::kNone);
    IndexShape broken = two;
    broken.is_valid = false;
    EXPECT_EQ(MakesNeedless(broken, two), Redundancy::kNone);
}

TEST(MakesNeedless, UniqueOnesByAUniqueOneOnTheSameColumns) {
    Shapes shapes;
    const IndexShape one = shapes.Btree({Column(1)});
    const IndexShape two = shapes.Btree({Column(1), Column(2)});
    EXPECT_EQ(MakesNeedless(one, Unique(one)), Redundancy::kNone);
    EXPECT_EQ(MakesNeedless(Unique(one), Unique(one)), Redundancy::kDuplicate);
    EXPECT_EQ(MakesNeedless(Unique(one), one), Redundancy::kDuplicate);
    EXPECT_EQ(MakesNeedless(Unique(two), Unique(one)), Redundancy::kNone);
}

TEST(MakesNeedless, GinByAnyColumnAndOthersByTheSameAlone) {
    Shapes shapes;
    EXPECT_EQ(MakesNeedless(shapes.Gin({Column(2), Column(1)}), shapes.Gin({Column(1)})),
              Redundancy::kPrefix);
    EXPECT_EQ(MakesNeedless(shapes.Gin({Column(2)}), shapes.Gin({Column(1)})), Redundancy::kNone);
    EXPECT_EQ(MakesNeedless(shapes.Hash({Column(1)}), shapes.Hash({Column(1)})),
              Redundancy::kDuplicate);
    EXPECT_EQ(MakesNeedless(shapes.Hash({Column(1), Column(2)}), shapes.Hash({Column(1)})),
              Redundancy::kNone);
}

TEST(IndexSet, FindsEachByItsName) {
    for (const SetIndex& index : kIndexSet) {
        EXPECT_EQ(FindInSet(index.name), &index);
        EXPECT_GT(index.Columns(), 0U);
    }
    EXPECT_EQ(FindInSet("idx_entities"), nullptr);
    EXPECT_EQ(FindInSet(""), nullptr);
}

}  // namespace
}  // namespace elile::core
