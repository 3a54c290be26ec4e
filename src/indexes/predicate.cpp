#include "indexes/predicate.hpp"

#include <cmath>

namespace elile::indexes {
namespace {

// A double tells numbers apart that have at most so many digits.
constexpr size_t kExactDigits = 15;

Node* StripRelabels(Node* node) {
    while (node != nullptr && IsA(node, RelabelType)) {
        node = reinterpret_cast<Node*>(castNode(RelabelType, node)->arg);
    }
    return node;
}

// Returns 0 when the node is no column of the table.
int ColumnOf(Node* node) {
    node = StripRelabels(node);
    return node != nullptr && IsA(node, Var) && castNode(Var, node)->varattno > 0
               ? castNode(Var, node)->varattno
               : 0;
}

// Whether the function casts a number to the type in which it is compared.
bool IsNumberCast(Oid function) {
    switch (function) {
        case F_FLOAT8_NUMERIC:
        case F_FLOAT8_INT4:
        case F_FLOAT8_FLOAT4:
        case F_NUMERIC_INT4:
        case F_NUMERIC_FLOAT8:
            return true;
        default:
            return false;
    }
}

bool ReadNumber(Node* node, double* number) {
    node = StripRelabels(node);
    while (node != nullptr && IsA(node, FuncExpr) &&
           IsNumberCast(castNode(FuncExpr, node)->funcid)) {
        node = StripRelabels(static_cast<Node*>(linitial(castNode(FuncExpr, node)->args)));
    }
    if (node == nullptr || !IsA(node, Const) || castNode(Const, node)->constisnull) {
        return false;
    }
    const Datum value = castNode(Const, node)->constvalue;
    switch (castNode(Const, node)->consttype) {
        case FLOAT8OID:
            *number = DatumGetFloat8(value);
            return true;
        case FLOAT4OID:
            *number = DatumGetFloat4(value);
            return true;
        case INT4OID:
            *number = DatumGetInt32(value);
            return true;
        case NUMERICOID:
            if (strlen(DatumGetCString(DirectFunctionCall1(numeric_out, value))) >
                kExactDigits + 1) {
                return false;
            }
            *number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
            return true;
        default:
            return false;
    }
}

bool ReadString(Node* node, std::string_view* string) {
    node = StripRelabels(node);
    if (node == nullptr || !IsA(node, Const) || castNode(Const, node)->constisnull) {
        return false;
    }
    const Oid type = castNode(Const, node)->consttype;
    if (type != TEXTOID && type != VARCHAROID && type != BPCHAROID) {
        return false;
    }
    *string = TextDatumGetCString(castNode(Const, node)->constvalue);
    return true;
}

struct Strings {
    std::string_view* of;
    size_t count;
};

Strings RoomFor(int count) {
    return {static_cast<std::string_view*>(
                palloc(sizeof(std::string_view) * static_cast<size_t>(Max(count, 1)))),
            0};
}

// An array of one text type that is cast to another is an ArrayCoerceExpr that only relabels.
bool ReadArray(Node* node, Strings* strings) {
    node = StripRelabels(node);
    if (node != nullptr && IsA(node, ArrayCoerceExpr) &&
        IsA(castNode(ArrayCoerceExpr, node)->elemexpr, RelabelType)) {
        node = StripRelabels(reinterpret_cast<Node*>(castNode(ArrayCoerceExpr, node)->arg));
    }
    if (node != nullptr && IsA(node, ArrayExpr)) {
        const List* elements = castNode(ArrayExpr, node)->elements;
        *strings = RoomFor(list_length(elements));
        ListCell* cell = nullptr;
        foreach (cell, elements) {
            if (!ReadString(static_cast<Node*>(lfirst(cell)), &strings->of[strings->count++])) {
                return false;
            }
        }
        return true;
    }
    if (node == nullptr || !IsA(node, Const) || castNode(Const, node)->constisnull) {
        return false;
    }
    const Oid element = get_element_type(castNode(Const, node)->consttype);
    if (element != TEXTOID && element != VARCHAROID && element != BPCHAROID) {
        return false;
    }
    Datum* values = nullptr;
    bool* nulls = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(castNode(Const, node)->constvalue), element, -1, false,
                      TYPALIGN_INT, &values, &nulls, &count);
    *strings = RoomFor(count);
    for (int at = 0; at < count; ++at) {
        if (nulls[at]) {
            return false;
        }
        strings->of[strings->count++] = TextDatumGetCString(values[at]);
    }
    return true;
}

// Whether the operator compares the column's bytes. Under a collation that is not deterministic the
// set of rows is another one, and so it is where blanks at the end do not count in a column in
// which they are kept.
bool IsTextEquality(Oid operation, Oid collation, Node* column) {
    const RegProcedure function = get_opcode(operation);
    const bool is_padded = exprType(StripRelabels(column)) == BPCHAROID;
    return function == (is_padded ? F_BPCHAREQ : F_TEXTEQ) && OidIsValid(collation) &&
           get_collation_isdeterministic(collation);
}

bool IsAtLeast(Oid operation) {
    switch (get_opcode(operation)) {
        case F_FLOAT8GE:
        case F_FLOAT48GE:
        case F_FLOAT84GE:
        case F_FLOAT4GE:
        case F_NUMERIC_GE:
            return true;
        default:
            return false;
    }
}

core::IndexPredicate OneOf(int column, const Strings& strings) {
    return {core::PredicateKind::kOneOf,
            column,
            0,
            strings.of,
            core::SortStrings(strings.of, strings.count),
            {}};
}

bool MatchOperator(const OpExpr& expression, core::IndexPredicate* predicate) {
    if (list_length(expression.args) != 2) {
        return false;
    }
    const int column = ColumnOf(static_cast<Node*>(linitial(expression.args)));
    auto* value = static_cast<Node*>(lsecond(expression.args));
    double bound = 0;
    if (column == 0) {
        return false;
    }
    // What is not a number is equal to nothing in C++, so it stays an expression.
    if (IsAtLeast(expression.opno) && ReadNumber(value, &bound) && !std::isnan(bound)) {
        *predicate = {core::PredicateKind::kAtLeast, column, bound, nullptr, 0, {}};
        return true;
    }
    if (get_opcode(expression.opno) == F_BOOLEQ && IsA(value, Const) &&
        !castNode(Const, value)->constisnull && DatumGetBool(castNode(Const, value)->constvalue)) {
        *predicate = {core::PredicateKind::kIsTrue, column, 0, nullptr, 0, {}};
        return true;
    }
    Strings strings = RoomFor(1);
    if (IsTextEquality(expression.opno, expression.inputcollid,
                       static_cast<Node*>(linitial(expression.args))) &&
        ReadString(value, &strings.of[strings.count++])) {
        *predicate = OneOf(column, strings);
        return true;
    }
    return false;
}

// Matches column = 'a' or column = 'b' ...
bool MatchAlternatives(const BoolExpr& expression, core::IndexPredicate* predicate) {
    Strings strings = RoomFor(list_length(expression.args));
    int column = 0;
    ListCell* cell = nullptr;
    foreach (cell, expression.args) {
        auto* argument = static_cast<Node*>(lfirst(cell));
        core::IndexPredicate one = {};
        if (!IsA(argument, OpExpr) || !MatchOperator(*castNode(OpExpr, argument), &one) ||
            one.kind != core::PredicateKind::kOneOf || (column != 0 && column != one.attribute)) {
            return false;
        }
        column = one.attribute;
        strings.of[strings.count++] = one.strings[0];
    }
    *predicate = OneOf(column, strings);
    return true;
}

bool Match(Node* node, core::IndexPredicate* predicate) {
    if (IsA(node, OpExpr)) {
        return MatchOperator(*castNode(OpExpr, node), predicate);
    }
    if (IsA(node, BoolExpr) && castNode(BoolExpr, node)->boolop == OR_EXPR) {
        return MatchAlternatives(*castNode(BoolExpr, node), predicate);
    }
    if (IsA(node, ScalarArrayOpExpr)) {
        const auto& any = *castNode(ScalarArrayOpExpr, node);
        const int column = ColumnOf(static_cast<Node*>(linitial(any.args)));
        Strings strings = {nullptr, 0};
        if (!any.useOr || column == 0 ||
            !IsTextEquality(any.opno, any.inputcollid, static_cast<Node*>(linitial(any.args))) ||
            !ReadArray(static_cast<Node*>(lsecond(any.args)), &strings)) {
            return false;
        }
        *predicate = OneOf(column, strings);
        return true;
    }
    const int column = ColumnOf(node);
    if (column != 0) {
        *predicate = {core::PredicateKind::kIsTrue, column, 0, nullptr, 0, {}};
    }
    return column != 0;
}

}  // namespace

core::IndexPredicate ReadPredicate(const char* nodes) {
    auto* expression = static_cast<Node*>(stringToNode(nodes));
    core::IndexPredicate predicate = {};
    if (!Match(expression, &predicate)) {
        predicate = {core::PredicateKind::kOther, 0, 0, nullptr, 0, nodeToString(expression)};
    }
    return predicate;
}

}  // namespace elile::indexes
