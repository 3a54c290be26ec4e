#include "n_plus_one/any_form.hpp"

#include <algorithm>

#include "n_plus_one/parsed_again.hpp"

namespace elile::n_plus_one {
namespace {

// The longest names of types have so many tokens, as a.b.c has.
constexpr int kMostTypeTokens = 5;
constexpr int kMostEdits = 8;
// So many texts are parsed at most: IS DISTINCT FROM may bring any number of FROMs.
constexpr int kMostTries = 50;

struct Edits {
    core::TextEdit list[kMostEdits];
    int count = 0;

    void Insert(int at, const char* text) { Replace(at, at, text); }
    void Replace(int begin, int end, const char* text) {
        list[count++] = {static_cast<size_t>(begin), static_cast<size_t>(end), text};
    }
};

// The two sides of the key's equality in the parser's tree.
struct Sides {
    const ColumnRef* column;
    const TypeCast* cast;  // the parameter's; null for none
    const ParamRef* parameter;
    bool reversed;  // the parameter stands left
};

bool SidesOf(const A_Expr& equality, Sides* sides) {
    Node* column = equality.lexpr;
    Node* operand = equality.rexpr;
    sides->reversed = !IsA(column, ColumnRef);
    if (sides->reversed) {
        std::swap(column, operand);
    }
    if (!IsA(column, ColumnRef)) {
        return false;
    }
    sides->column = castNode(ColumnRef, column);
    sides->cast = nullptr;
    if (IsA(operand, TypeCast)) {
        sides->cast = castNode(TypeCast, operand);
        operand = sides->cast->arg;
        if (sides->cast->typeName->arrayBounds != NIL) {
            return false;
        }
    }
    if (!IsA(operand, ParamRef)) {
        return false;
    }
    sides->parameter = castNode(ParamRef, operand);
    return true;
}

class Rewriter {
public:
    Rewriter(const Statement& statement, const Key& key, bool drop_limit)
        : statement_(statement), key_(key), drop_limit_(drop_limit) {}

    const char* Text() {
        if (!SidesOf(*key_.equality, &sides_)) {
            return nullptr;
        }
        column_first_ = statement_.TokenAt(sides_.column->location);
        column_last_ = column_first_ + 2 * list_length(sides_.column->fields) - 2;
        if (column_first_ < 0 || column_last_ >= statement_.token_count) {
            return nullptr;
        }
        adds_column_ = !SelectsColumn();
        Expect();
        // The tree does not say where a type's name and the select list end. A text that gives back
        // the expected tree is right.
        const int type_lengths = sides_.cast != nullptr && !sides_.reversed ? kMostTypeTokens : 1;
        int tries = 0;
        for (int from = adds_column_ ? NextFrom(LastTarget()) : 0; from >= 0;
             from = adds_column_ ? NextFrom(from) : -1) {
            for (int type_length = 1; type_length <= type_lengths; ++type_length) {
                if (++tries > kMostTries) {
                    return nullptr;
                }
                const char* text = Try(from, type_length);
                if (text != nullptr) {
                    return text;
                }
            }
        }
        return nullptr;
    }

private:
    const Token& At(int token) const { return statement_.tokens[token]; }
    bool Is(int token, const char* word) const {
        const size_t length = strlen(word);
        return token >= 0 && token < statement_.token_count &&
               static_cast<size_t>(At(token).end - At(token).begin) == length &&
               pg_strncasecmp(statement_.text + At(token).begin, word, length) == 0;
    }
    char* Copy(int begin, int end) const {
        return pnstrdup(statement_.text + begin, static_cast<Size>(end - begin));
    }
    char* ColumnText() const { return Copy(At(column_first_).begin, At(column_last_).end); }

    bool SelectsColumn() const {
        ListCell* cell = nullptr;
        foreach (cell, statement_.query->targetList) {
            const auto* target = lfirst_node(TargetEntry, cell);
            if (!target->resjunk && IsA(target->expr, Var)) {
                const auto* var = reinterpret_cast<const Var*>(target->expr);
                if (var->varno == key_.column->varno && var->varattno == key_.column->varattno &&
                    var->varlevelsup == 0) {
                    return true;
                }
            }
        }
        return false;
    }

    int LastTarget() const {
        return statement_.TokenAt(llast_node(ResTarget, statement_.raw->targetList)->location);
    }

    // Returns the next FROM behind this token at the same depth of parentheses; -1 for none.
    int NextFrom(int token) const {
        int depth = 0;
        for (int at = token; at >= 0 && at < statement_.token_count && depth >= 0; ++at) {
            depth += Is(at, "(") || Is(at, "[") ? 1 : 0;
            depth -= Is(at, ")") || Is(at, "]") ? 1 : 0;
            if (depth == 0 && at > token && Is(at, "from")) {
                return at;
            }
        }
        return -1;
    }

    // Makes the tree that the edited text must have.
    void Expect() {
        expected_ = castNode(SelectStmt, copyObjectImpl(statement_.raw));
        A_Expr* equality = FindOperator(expected_, key_.equality->location);
        equality->kind = AEXPR_OP_ANY;
        if (sides_.reversed) {
            std::swap(equality->lexpr, equality->rexpr);
        }
        if (sides_.cast != nullptr) {
            castNode(TypeCast, equality->rexpr)->typeName->arrayBounds =
                list_make1(makeInteger(-1));
        }
        if (adds_column_) {
            auto* target = makeNode(ResTarget);
            target->val = static_cast<Node*>(copyObjectImpl(sides_.column));
            expected_->targetList = lappend(expected_->targetList, target);
        }
        if (drop_limit_) {
            expected_->limitCount = nullptr;
        }
    }

    const char* Try(int from, int type_length) {
        Edits edits;
        const bool edited =
            sides_.reversed ? EditReversed(&edits) : EditOperand(&edits, type_length);
        if (!edited || (drop_limit_ && !EditLimit(&edits))) {
            return nullptr;
        }
        if (adds_column_) {
            edits.Insert(At(from - 1).end, psprintf(", %s", ColumnText()));
        }
        std::stable_sort(
            edits.list, edits.list + edits.count,
            [](const core::TextEdit& a, const core::TextEdit& b) { return a.begin < b.begin; });
        const char* text = Edited(statement_.text, edits.list, edits.count);
        return ParsesAs(text, expected_) ? text : nullptr;
    }

    // A cast's location is that of `::` or CAST; with CAST the parameter comes two tokens later.
    bool EditOperand(Edits* edits, int type_length) const {
        const int parameter = statement_.TokenAt(sides_.parameter->location);
        if (parameter < 0) {
            return false;
        }
        if (sides_.cast == nullptr) {
            edits->Insert(At(parameter).begin, "any(");
            edits->Insert(At(parameter).end, ")");
            return true;
        }
        const int cast = statement_.TokenAt(sides_.cast->location);
        const bool is_function = Is(cast, "cast");
        const int type_end = (is_function ? parameter + 1 : cast) + type_length;
        if (cast < 0 || type_end + (is_function ? 1 : 0) >= statement_.token_count) {
            return false;
        }
        edits->Insert(At(is_function ? cast : parameter).begin, "any(");
        if (is_function) {
            edits->Insert(At(type_end).end, "[]");
            edits->Insert(At(type_end + 1).end, ")");
        } else {
            edits->Insert(At(type_end).end, "[])");
        }
        return true;
    }

    // Turns `$1 = column` round. The operand ends where the operator begins.
    bool EditReversed(Edits* edits) const {
        const int operation = statement_.TokenAt(key_.equality->location);
        if (operation < 1) {
            return false;
        }
        const bool is_function =
            sides_.cast != nullptr && Is(statement_.TokenAt(sides_.cast->location), "cast");
        const int begin = is_function ? sides_.cast->location : sides_.parameter->location;
        const int end = At(operation - 1).end;
        const char* bounds = sides_.cast != nullptr ? "[]" : "";
        const char* gap = Copy(end, At(column_first_).begin);
        const char* operand = is_function
                                  ? psprintf("%s%s)", Copy(begin, At(operation - 1).begin), bounds)
                                  : psprintf("%s%s", Copy(begin, end), bounds);
        edits->Replace(begin, At(column_last_).end,
                       psprintf("%s%sany(%s)", ColumnText(), gap, operand));
        return true;
    }

    bool EditLimit(Edits* edits) const {
        Node* count = statement_.raw->limitCount;
        if (count == nullptr || !IsA(count, ParamRef)) {
            return false;
        }
        const int token = statement_.TokenAt(castNode(ParamRef, count)->location);
        // The LIMIT's parameter must have the last number, so that those that are left have no gap.
        if (token < 2 || !Is(token - 1, "limit") || statement_.UsesOf(At(token).parameter) != 1 ||
            At(token).parameter != statement_.parameters) {
            return false;
        }
        edits->Replace(At(token - 2).end, At(token).end, "");
        return true;
    }

    const Statement& statement_;
    const Key& key_;
    bool drop_limit_;
    bool adds_column_ = false;
    Sides sides_ = {};
    int column_first_ = 0;
    int column_last_ = 0;
    SelectStmt* expected_ = nullptr;
};

}  // namespace

const char* AnyForm(const Statement& statement, const Key& key, bool drop_limit) {
    return Rewriter(statement, key, drop_limit).Text();
}

}  // namespace elile::n_plus_one
