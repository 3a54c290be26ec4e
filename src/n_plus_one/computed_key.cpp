#include "n_plus_one/computed_key.hpp"

#include <algorithm>

#include "core/n_plus_one/run_values.hpp"
#include "n_plus_one/parsed_again.hpp"
#include "pg/compat.hpp"

namespace elile::n_plus_one {
namespace {

// An expression that is longer is left alone.
constexpr int kMostTokens = 64;

// What an analysed expression contains.
struct Contents {
    int parameters;
    bool has_others;  // more than functions and operators of constants and parameters
};

bool Look(Node* node, void* context) {
    auto* contents = static_cast<Contents*>(context);
    if (node == nullptr) {
        return false;
    }
    switch (nodeTag(node)) {
        case T_Param:
            contents->parameters += 1;
            break;
        case T_Var:
        case T_SubLink:
        case T_Query:
        case T_Aggref:
        case T_WindowFunc:
        case T_CoerceToDomain:
            contents->has_others = true;
            return true;
        default:
            break;
    }
    return pg::WalkExpression(node, Look, context);
}

bool IsComputed(Node* node) {
    Contents contents = {0, false};
    Look(node, &contents);
    return contents.parameters > 0 && !contents.has_others && !IsA(StripCasts(node), Param) &&
           !contain_volatile_functions(node);
}

// Returns the one equality of a column with what is computed; null for none or several.
const OpExpr* FindComputed(const Statement& child) {
    const OpExpr* found = nullptr;
    int count = 0;
    ForEachConjunct(child.query->jointree->quals, [&](Node* condition) {
        if (IsEquality(condition)) {
            const auto* equality = castNode(OpExpr, condition);
            auto* left = static_cast<Node*>(linitial(equality->args));
            auto* right = static_cast<Node*>(lsecond(equality->args));
            if ((IsA(StripCasts(left), Var) && IsComputed(right)) ||
                (IsA(StripCasts(right), Var) && IsComputed(left))) {
                found = equality;
                ++count;
            }
        }
    });
    return count == 1 ? found : nullptr;
}

// Returns the child's text with one new parameter in place of the tokens from `first` to `last`.
const char* WithParameter(const Statement& child, int first, int last) {
    const core::TextEdit edit = {static_cast<size_t>(child.tokens[first].begin),
                                 static_cast<size_t>(child.tokens[last].end),
                                 psprintf("$%d", child.parameters + 1)};
    return Edited(child.text, &edit, 1);
}

bool IsWithin(const Token& token, int first_byte, int last_byte) {
    return token.begin >= first_byte && token.end <= last_byte;
}

// Numbers the parameters without a gap: the new one takes the place of the lowest that it stands
// for. Returns null when one of those is used elsewhere too, or none of them changes.
const char* Renumbered(const Statement& child, int first, int last, uint64* changing) {
    const int begin = child.tokens[first].begin;
    const int end = child.tokens[last].end;
    auto* stays = static_cast<bool*>(palloc0(static_cast<Size>(child.parameters) + 2));
    auto* goes = static_cast<bool*>(palloc0(static_cast<Size>(child.parameters) + 2));
    for (const Token* token = child.tokens; token != child.tokens + child.token_count; ++token) {
        (IsWithin(*token, begin, end) ? goes : stays)[token->parameter] = true;
    }
    auto* numbers =
        static_cast<int*>(palloc0(sizeof(int) * (static_cast<Size>(child.parameters) + 2)));
    int next = 0;
    int key = 0;
    uint64 changed = 0;
    bool key_changes = *changing == 0;
    const auto bit = [](int number) { return core::BitOfParameter(static_cast<uint32>(number)); };
    for (int number = 1; number <= child.parameters; ++number) {
        if (stays[number] && goes[number]) {
            return nullptr;
        }
        const bool changes = (*changing & bit(number)) != 0;
        if (stays[number]) {
            numbers[number] = ++next;
            changed |= changes ? bit(next) : 0;
        } else if (goes[number] && key == 0) {
            key = ++next;
        }
        key_changes = key_changes || (goes[number] && changes);
    }
    if (!key_changes) {
        return nullptr;
    }
    *changing = *changing == 0 ? 0 : changed | bit(key);
    auto* edits = static_cast<core::TextEdit*>(
        palloc(sizeof(core::TextEdit) * (static_cast<Size>(child.token_count) + 1)));
    int count = 0;
    for (int at = 0; at < child.token_count; ++at) {
        const Token& token = child.tokens[at];
        if (at == first) {
            edits[count++] = {static_cast<size_t>(begin), static_cast<size_t>(end),
                              psprintf("$%d", key)};
        } else if (token.parameter != 0 && (at < first || at > last)) {
            edits[count++] = {static_cast<size_t>(token.begin), static_cast<size_t>(token.end),
                              psprintf("$%d", numbers[token.parameter])};
        }
    }
    return Edited(child.text, edits, count);
}

}  // namespace

const char* WithPlainKey(const Statement& child, uint64* changing) {
    if (child.query->jointree == nullptr || child.query->setOperations != nullptr) {
        return nullptr;
    }
    const OpExpr* equality = FindComputed(child);
    const int operation = equality != nullptr ? child.TokenAt(equality->location) : -1;
    if (operation < 1 || operation + 1 >= child.token_count) {
        return nullptr;
    }
    auto* expected = castNode(SelectStmt, copyObjectImpl(child.raw));
    A_Expr* parsed = FindOperator(expected, equality->location);
    if (parsed == nullptr) {
        return nullptr;
    }
    auto* parameter = makeNode(ParamRef);
    parameter->number = child.parameters + 1;
    const bool reversed = IsA(parsed->rexpr, ColumnRef);
    (reversed ? parsed->lexpr : parsed->rexpr) = reinterpret_cast<Node*>(parameter);
    // The expression ends beside the operator. The tree does not say where its other end is.
    for (int tokens = 0; tokens < kMostTokens; ++tokens) {
        CHECK_FOR_INTERRUPTS();
        const int first = reversed ? operation - 1 - tokens : operation + 1;
        const int last = reversed ? operation - 1 : operation + 1 + tokens;
        if (first < 0 || last >= child.token_count) {
            break;
        }
        if (ParsesAs(WithParameter(child, first, last), expected)) {
            return Renumbered(child, first, last, changing);
        }
    }
    return nullptr;
}

}  // namespace elile::n_plus_one
