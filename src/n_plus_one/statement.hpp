// Reads a normalised statement by the server's own scanner, parser and analysis, and finds what
// keeps it from being asked for many keys at once.
#pragma once

#include "core/n_plus_one/text_edit.hpp"
#include "pg/postgres.hpp"

namespace elile::n_plus_one {

struct Token {
    int begin;  // byte offsets
    int end;
    int parameter;  // its number; 0 none
};

// Everything in it is in the current memory context.
struct Statement {
    const char* text;
    const Token* tokens;
    int token_count;
    const int* uses;  // how often each parameter is used, by its number
    int most_used;    // the highest number in the text
    SelectStmt* raw;
    Query* query;
    const Oid* types;  // of the parameters, by number - 1
    int parameters;    // the highest number
    // is_known: the text was found to be the statement with the identifier that was given.
    // is_inferred: analysis alone finds the types that make it so.
    bool is_known;
    bool is_inferred;
    int given;  // the first so many have the types that PREPARE gave them

    // The token that begins at this byte, or -1.
    int TokenAt(int begin) const;
    int UsesOf(int parameter) const { return parameter <= most_used ? uses[parameter] : 0; }
    // Whether an identifier in the text may be this name.
    bool Mentions(const char* name) const;
};

// A text as the store has it, with the identifier of what was executed. The identifier is 0 for a
// text of ours.
struct Known {
    const char* text;  // null for none
    uint64 queryid;
    int most_tries;  // at finding its parameters' types
};

// Returns null when the text was analysed, else words for why it was not. Raises the errors of
// parser and analysis.
const char* Analyse(const Known& known, Statement* statement);

// Does the same with types for some parameters, by number - 1; InvalidOid lets analysis infer one.
const char* AnalyseTyped(const char* text, const Oid* types, int type_count, Statement* statement);

// Does what parse_analyze_varparams() does, but without the hook by which other extensions count
// statements. It changes the tree.
Query* AnalyseOnce(RawStmt* raw, const char* text, Oid** types, int* count);

// Whether analysis failed because of the types or what depends on them. With others it may succeed.
bool IsOfTypes(int sqlstate);

// Returns what is below relabelling and implicit casts.
Node* StripCasts(Node* node);

// Whether the condition is an operator by which two values are equal.
bool IsEquality(Node* condition);

// Visits the conditions that every row must satisfy, one by one.
template <typename Each>
void ForEachConjunct(Node* condition, Each each) {
    check_stack_depth();
    if (condition == nullptr) {
        return;
    }
    if (IsA(condition, BoolExpr) && castNode(BoolExpr, condition)->boolop == AND_EXPR) {
        ListCell* cell = nullptr;
        foreach (cell, castNode(BoolExpr, condition)->args) {
            ForEachConjunct(static_cast<Node*>(lfirst(cell)), each);
        }
        return;
    }
    each(condition);
}

// An equality of a column with a parameter that every row of the statement satisfies. Without a
// column it is a parameter that the statement uses in another way.
struct Key {
    int parameter;
    Oid type;
    const Var* column;     // null: no such equality
    Oid relid;             // the column's table or view; InvalidOid: it has none
    AttrNumber attribute;  // of relid
    const A_Expr* equality;
};

// Fills `keys` with the statement's equalities and returns their number, at most `room`.
int FindKeys(const Statement& statement, Key* keys, int room);

// Whether the column alone is a unique key of the table.
bool IsUniqueColumn(Oid relid, AttrNumber attribute);

// Whether at most one row has each value of the key.
bool IsOfOneRow(const Statement& statement, const Key& key);

// Returns words for what forbids to ask for several values of the key at once, or null.
const char* WhyNotAny(const Statement& statement, const Key& key, bool of_one_row);

// Returns words for what forbids every rewriting, or null.
const char* WhyNotAtAll(const Statement& statement);

// Looks also into rules and views, which may have such functions.
bool HasVolatileFunctions(const Statement& statement);

}  // namespace elile::n_plus_one
