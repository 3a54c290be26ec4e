#include "n_plus_one/identity.hpp"

#include <algorithm>

#include "n_plus_one/parsed_again.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

namespace elile::n_plus_one {
namespace {

// A parameter may have been a literal without a type, one of a number's types, or a parameter. An
// identifier has only the type of a literal in it, and null takes any type.
struct Kind {
    const char* literal;
    Oid type;
};
constexpr Kind kLiterals[] = {
    {"null", InvalidOid}, {"1", INT4OID}, {"1.5", NUMERICOID}, {"10000000000", INT8OID}};
constexpr int kLiteralKinds = lengthof(kLiterals);
// Clients may give one of these types to all parameters of a statement.
constexpr Oid kClients[] = {InvalidOid, INT4OID, INT8OID, TEXTOID, VARCHAROID, NUMERICOID};

class Search {
public:
    Search(const Statement& scanned, const Known& known, const Oid* given, int given_count)
        : scanned_(scanned), known_(known), given_(given), given_count_(given_count) {
        count_ = scanned.most_used;
        const Size room = static_cast<Size>(count_) + 1;
        kinds_ = static_cast<int*>(palloc0(sizeof(int) * room));
        edits_ = static_cast<core::TextEdit*>(
            palloc(sizeof(core::TextEdit) * (static_cast<Size>(scanned.token_count) + 1)));
    }

    // Literals are numbered after parameters. Most statements have only one of the two, so all
    // literals and all parameters are tried first.
    Oid* Types() {
        for (int step = 0; step <= count_ && !IsOut(); ++step) {
            parameters_ = step == 0 ? 0 : step == 1 ? count_ : step - 1;
            for (const Oid type : kClients) {
                client_ = type;
                if ((parameters_ > given_count_ || type == InvalidOid) && TryLiterals()) {
                    return Found();
                }
            }
        }
        return nullptr;
    }

private:
    // Tries all literals alike, then one unlike the others, then every combination, until no tries
    // are left.
    bool TryLiterals() {
        for (int kind = 0; kind < kLiteralKinds; ++kind) {
            Fill(kind);
            if (Try()) {
                return true;
            }
            if (parameters_ == count_) {
                return false;
            }
        }
        for (int kind = 0; kind < 2; ++kind) {
            for (int at = parameters_; at < count_ && !IsOut(); ++at) {
                for (int other = 0; other < kLiteralKinds && !IsOut(); ++other) {
                    Fill(kind);
                    kinds_[at] = other;
                    if (other != kind && Try()) {
                        return true;
                    }
                }
            }
        }
        Fill(0);
        while (!IsOut() && Next()) {
            if (Try()) {
                return true;
            }
        }
        return false;
    }

    bool IsOut() const { return tries_ >= known_.most_tries; }

    void Fill(int kind) {
        for (int at = 0; at < count_; ++at) {
            kinds_[at] = kind;
        }
    }

    // Returns false after the last combination.
    bool Next() {
        for (int at = parameters_; at < count_; ++at) {
            if (++kinds_[at] < kLiteralKinds) {
                return true;
            }
            kinds_[at] = 0;
        }
        return false;
    }

    Oid TypeAt(int at) const {
        if (at >= parameters_) {
            return kLiterals[kinds_[at]].type;
        }
        return at < given_count_ ? given_[at] : client_;
    }

    Oid* Found() const {
        auto* types = static_cast<Oid*>(palloc(sizeof(Oid) * (static_cast<Size>(count_) + 1)));
        for (int at = 0; at < count_; ++at) {
            types[at] = TypeAt(at);
        }
        return types;
    }

    const char* Text() {
        int count = 0;
        for (int at = 0; at < scanned_.token_count; ++at) {
            const Token& token = scanned_.tokens[at];
            if (token.parameter > parameters_) {
                edits_[count++] = {static_cast<size_t>(token.begin), static_cast<size_t>(token.end),
                                   kLiterals[kinds_[token.parameter - 1]].literal};
            }
        }
        return Edited(scanned_.text, edits_, count);
    }

    bool Try() {
        CHECK_FOR_INTERRUPTS();
        if (IsOut() || parameters_ < given_count_) {
            return false;
        }
        ++tries_;
        const char* text = Text();
        bool same = false;
        ErrorData* error = nullptr;
        const auto look = [&] {
            const List* parsed = raw_parser(text, RAW_PARSE_DEFAULT);
            Oid* types = Found();
            int count = parameters_;
            Query* query = AnalyseOnce(linitial_node(RawStmt, parsed), text, &types, &count);
            same = pg::IdentifierOf(query, text) == known_.queryid;
        };
        if (!pg::InSubtransaction({GetUserId(), false, true}, look, &error) &&
            !IsOfTypes(error->sqlerrcode)) {
            ReThrowError(error);
        }
        return same;
    }

    const Statement& scanned_;
    const Known& known_;
    const Oid* given_;
    int given_count_;
    int count_ = 0;
    int parameters_ = 0;  // the first so many are no literals
    Oid client_ = InvalidOid;
    int* kinds_ = nullptr;
    core::TextEdit* edits_ = nullptr;
    int tries_ = 0;
};

bool IsCastOfParameter(const FuncExpr& call) {
    if (call.funcformat != COERCE_IMPLICIT_CAST && call.funcformat != COERCE_EXPLICIT_CAST) {
        return false;
    }
    Node* argument = static_cast<Node*>(linitial(call.args));
    while (argument != nullptr && (IsA(argument, FuncExpr) || IsA(argument, RelabelType))) {
        if (IsA(argument, RelabelType)) {
            argument = reinterpret_cast<Node*>(castNode(RelabelType, argument)->arg);
        } else if (IsCastOfParameter(*castNode(FuncExpr, argument))) {
            return true;
        } else {
            return false;
        }
    }
    return argument != nullptr && IsA(argument, Param);
}

// Collects the oids of what is called, in the tree's order.
bool CollectCalls(Node* node, void* context) {
    auto** calls = static_cast<List**>(context);
    if (node == nullptr) {
        return false;
    }
    switch (nodeTag(node)) {
        case T_Query:
            return pg::WalkQuery(reinterpret_cast<Query*>(node), CollectCalls, context);
        case T_OpExpr:
        case T_DistinctExpr:
        case T_NullIfExpr:
            *calls = lappend_oid(*calls, reinterpret_cast<OpExpr*>(node)->opno);
            break;
        case T_ScalarArrayOpExpr:
            *calls = lappend_oid(*calls, castNode(ScalarArrayOpExpr, node)->opno);
            break;
        case T_FuncExpr:
            if (!IsCastOfParameter(*castNode(FuncExpr, node))) {
                *calls = lappend_oid(*calls, castNode(FuncExpr, node)->funcid);
            }
            break;
        case T_Aggref:
            *calls = lappend_oid(*calls, castNode(Aggref, node)->aggfnoid);
            break;
        case T_WindowFunc:
            *calls = lappend_oid(*calls, castNode(WindowFunc, node)->winfnoid);
            break;
        case T_RowCompareExpr:
            *calls = list_concat(*calls, castNode(RowCompareExpr, node)->opnos);
            break;
        default:
            break;
    }
    return pg::WalkExpression(node, CollectCalls, context);
}

List* CallsOf(const char* text, const Oid* given, int count) {
    auto* types = static_cast<Oid*>(palloc(sizeof(Oid) * (static_cast<Size>(count) + 1)));
    std::copy(given, given + count, types);
    const List* parsed = raw_parser(text, RAW_PARSE_DEFAULT);
    List* calls = NIL;
    CollectCalls(
        reinterpret_cast<Node*>(AnalyseOnce(linitial_node(RawStmt, parsed), text, &types, &count)),
        &calls);
    return calls;
}

}  // namespace

bool InfersTheSame(const char* text, const Oid* types, int count, int given_count) {
    bool same = false;
    ErrorData* error = nullptr;
    const auto compare = [&] {
        same = equal(CallsOf(text, types, count), CallsOf(text, types, given_count));
    };
    if (!pg::InSubtransaction({GetUserId(), false, true}, compare, &error) &&
        !IsOfTypes(error->sqlerrcode)) {
        ReThrowError(error);
    }
    return same;
}

Oid* FindTypes(const Statement& scanned, const Known& known, const Oid* given, int given_count) {
    return Search(scanned, known, given, given_count).Types();
}

}  // namespace elile::n_plus_one
