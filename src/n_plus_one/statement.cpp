#include "n_plus_one/statement.hpp"

#include <algorithm>

#include "n_plus_one/identity.hpp"
#include "n_plus_one/parsed_again.hpp"
#include "n_plus_one/tokens.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

namespace elile::n_plus_one {
namespace {

// A literal that has become a parameter has left no type. Where nothing else says it, as in
// count($1) or generate_series($1, $2), it was a number. Returns false when there is no such
// parameter.
bool TakeUnknownForNumbers(Oid* types, int count) {
    bool any = false;
    for (int at = 0; at < count; ++at) {
        if (types[at] == UNKNOWNOID) {
            types[at] = INT4OID;
            any = true;
        }
    }
    return any;
}

Query* AnalyseParsed(const RawStmt& raw, const char* text, Oid** types, int* count) {
    Query* query = nullptr;
    const auto analyse = [&] {
        query = AnalyseOnce(castNode(RawStmt, copyObjectImpl(&raw)), text, types, count);
    };
    const pg::Guarded how = {GetUserId(), false, true};
    ErrorData* error = nullptr;
    if (!pg::InSubtransaction(how, analyse, &error)) {
        if (!IsOfTypes(error->sqlerrcode) || !TakeUnknownForNumbers(*types, *count)) {
            ReThrowError(error);
        }
        ErrorData* again = nullptr;
        if (!pg::InSubtransaction(how, analyse, &again)) {
            ReThrowError(IsOfTypes(again->sqlerrcode) ? error : again);
        }
    }
    return query;
}

// ORDER BY 1 is normalised to ORDER BY $1, which orders by nothing.
bool IsOrdinal(Node* node) { return node != nullptr && IsA(node, ParamRef); }

bool HasOrdinal(Node* node, void* context) {
    if (node == nullptr) {
        return false;
    }
    if (IsA(node, SelectStmt)) {
        const auto& select = *castNode(SelectStmt, node);
        ListCell* cell = nullptr;
        foreach (cell, select.sortClause) {
            if (IsOrdinal(lfirst_node(SortBy, cell)->node)) {
                return true;
            }
        }
        foreach (cell, select.groupClause) {
            if (IsOrdinal(static_cast<Node*>(lfirst(cell)))) {
                return true;
            }
        }
        foreach (cell, select.distinctClause) {
            if (IsOrdinal(static_cast<Node*>(lfirst(cell)))) {
                return true;
            }
        }
    }
    return pg::WalkParsed(node, HasOrdinal, context);
}

bool ReadKey(const Statement& statement, Node* condition, Key* key) {
    if (!IsEquality(condition)) {
        return false;
    }
    const auto& equality = *castNode(OpExpr, condition);
    Node* column = StripCasts(static_cast<Node*>(linitial(equality.args)));
    Node* parameter = StripCasts(static_cast<Node*>(lsecond(equality.args)));
    if (IsA(column, Param)) {
        std::swap(column, parameter);
    }
    if (!IsA(column, Var) || castNode(Var, column)->varlevelsup != 0 || !IsA(parameter, Param) ||
        castNode(Param, parameter)->paramkind != PARAM_EXTERN) {
        return false;
    }
    const auto* var = castNode(Var, column);
    const RangeTblEntry* table = rt_fetch(var->varno, statement.query->rtable);
    *key = {castNode(Param, parameter)->paramid,
            castNode(Param, parameter)->paramtype,
            var,
            table->rtekind == RTE_RELATION ? table->relid : InvalidOid,
            var->varattno,
            FindOperator(statement.raw, equality.location)};
    return true;
}

// Errors here have positions in the text that is read, which is not what the client has sent.
void PointIntoText(void* text) {
    const int position = geterrposition();
    if (position > 0) {
        errposition(0);
        internalerrposition(position);
        internalerrquery(static_cast<const char*>(text));
    }
}

const char* AnalyseWith(const Known& known, Oid* types, int type_count, Statement* statement);

// The statement of an EXECUTE is kept as its PREPARE. What follows the AS is the statement itself.
const char* AnalysePrepared(const Known& known, const PrepareStmt& prepare, Statement* statement) {
    const char* text = known.text;
    auto* types = static_cast<Oid*>(
        palloc(sizeof(Oid) * static_cast<Size>(Max(list_length(prepare.argtypes), 1))));
    int type_count = 0;
    ListCell* cell = nullptr;
    foreach (cell, prepare.argtypes) {
        types[type_count++] = typenameTypeId(nullptr, lfirst_node(TypeName, cell));
    }
    Scan(text, statement);
    int depth = 0;
    for (int at = 0; at < statement->token_count; ++at) {
        const Token& token = statement->tokens[at];
        depth += text[token.begin] == '(' ? 1 : 0;
        depth -= text[token.begin] == ')' ? 1 : 0;
        if (depth == 0 && token.end - token.begin == 2 &&
            pg_strncasecmp(text + token.begin, "as", 2) == 0) {
            const char* inner = text + token.end + strspn(text + token.end, " \t\n\r\f\v");
            return AnalyseWith({inner, known.queryid, known.most_tries}, types, type_count,
                               statement);
        }
    }
    return "it is no SELECT";
}

// Returns the types with which the text is what was executed. Returns the given types where none
// are found, or where the others can be inferred. The forms that are made of the text are then free
// to infer them too.
Oid* Identify(const Known& known, Oid* types, Statement* statement) {
    const int given = statement->parameters;
    Oid* found = known.queryid != 0 ? FindTypes(*statement, known, types, given) : nullptr;
    statement->is_known = found != nullptr;
    const int count = Max(given, statement->most_used);
    statement->is_inferred =
        found == nullptr || InfersTheSame(statement->text, found, count, given);
    if (statement->is_inferred) {
        return types;
    }
    statement->parameters = count;
    return found;
}

// Analyses a text some of whose parameters have types.
const char* AnalyseWith(const Known& known, Oid* types, int type_count, Statement* statement) {
    const char* text = known.text;
    *statement = {};
    statement->text = text;
    statement->parameters = type_count;
    statement->given = type_count;
    statement->is_inferred = true;
    ErrorContextCallback context = {error_context_stack, PointIntoText, const_cast<char*>(text)};
    error_context_stack = &context;
    const List* parsed = raw_parser(text, RAW_PARSE_DEFAULT);
    auto* raw = list_length(parsed) == 1 ? linitial_node(RawStmt, parsed) : nullptr;
    const char* refusal = nullptr;
    if (raw != nullptr && IsA(raw->stmt, PrepareStmt)) {
        refusal = AnalysePrepared(known, *castNode(PrepareStmt, raw->stmt), statement);
    } else if (raw == nullptr || !IsA(raw->stmt, SelectStmt) ||
               castNode(SelectStmt, raw->stmt)->intoClause != nullptr) {
        refusal = "it is no SELECT";
    } else {
        Scan(text, statement);
        statement->raw = castNode(SelectStmt, raw->stmt);
        types = Identify(known, types, statement);
        statement->query = AnalyseParsed(*raw, text, &types, &statement->parameters);
        statement->types = types;
    }
    error_context_stack = context.previous;
    return refusal;
}

}  // namespace

Query* AnalyseOnce(RawStmt* raw, const char* text, Oid** types, int* count) {
    ParseState* state = make_parsestate(nullptr);
    state->p_sourcetext = text;
    setup_parse_variable_parameters(state, types, count);
    Query* query = transformTopLevelStmt(state, raw);
    check_variable_parameters(state, query);
    free_parsestate(state);
    return query;
}

bool IsOfTypes(int sqlstate) {
    switch (sqlstate) {
        case ERRCODE_AMBIGUOUS_FUNCTION:
        case ERRCODE_UNDEFINED_FUNCTION:
        case ERRCODE_INDETERMINATE_DATATYPE:
        case ERRCODE_DATATYPE_MISMATCH:
        case ERRCODE_CANNOT_COERCE:
        case ERRCODE_AMBIGUOUS_PARAMETER:
        case ERRCODE_INVALID_COLUMN_REFERENCE:
        case ERRCODE_SYNTAX_ERROR:
            return true;
        default:
            return false;
    }
}

Node* StripCasts(Node* node) {
    for (;;) {
        if (IsA(node, RelabelType)) {
            node = reinterpret_cast<Node*>(castNode(RelabelType, node)->arg);
        } else if (IsA(node, FuncExpr) &&
                   castNode(FuncExpr, node)->funcformat == COERCE_IMPLICIT_CAST) {
            node = static_cast<Node*>(linitial(castNode(FuncExpr, node)->args));
        } else {
            return node;
        }
    }
}

bool IsEquality(Node* condition) {
    if (!IsA(condition, OpExpr) || list_length(castNode(OpExpr, condition)->args) != 2) {
        return false;
    }
    const auto& operation = *castNode(OpExpr, condition);
    const Oid left = exprType(static_cast<Node*>(linitial(operation.args)));
    return op_mergejoinable(operation.opno, left) || op_hashjoinable(operation.opno, left);
}

const char* Analyse(const Known& known, Statement* statement) {
    return AnalyseWith(known, nullptr, 0, statement);
}

const char* AnalyseTyped(const char* text, const Oid* types, int type_count, Statement* statement) {
    auto* copy = static_cast<Oid*>(palloc(sizeof(Oid) * (static_cast<Size>(type_count) + 1)));
    std::copy(types, types + type_count, copy);
    return AnalyseWith({text, 0, 0}, copy, type_count, statement);
}

int FindKeys(const Statement& statement, Key* keys, int room) {
    int count = 0;
    if (statement.query->jointree != nullptr && statement.query->setOperations == nullptr) {
        ForEachConjunct(statement.query->jointree->quals, [&](Node* condition) {
            if (count < room && ReadKey(statement, condition, &keys[count])) {
                ++count;
            }
        });
    }
    return count;
}

bool IsUniqueColumn(Oid relid, AttrNumber attribute) {
    Relation table = relation_open(relid, AccessShareLock);
    const char kind = table->rd_rel->relkind;
    bool unique = false;
    if (kind == RELKIND_PARTITIONED_TABLE || (kind == RELKIND_RELATION && !has_subclass(relid))) {
        ListCell* cell = nullptr;
        foreach (cell, RelationGetIndexList(table)) {
            HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
            if (HeapTupleIsValid(tuple)) {
                const auto* index = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
                unique =
                    unique || (index->indisunique && index->indisvalid && index->indnkeyatts == 1 &&
                               index->indimmediate && index->indkey.values[0] == attribute &&
                               heap_attisnull(tuple, Anum_pg_index_indpred, nullptr));
                ReleaseSysCache(tuple);
            }
        }
    }
    relation_close(table, NoLock);
    return unique;
}

bool IsOfOneRow(const Statement& statement, const Key& key) {
    const Query& query = *statement.query;
    return query.setOperations == nullptr && list_length(query.jointree->fromlist) == 1 &&
           IsA(linitial(query.jointree->fromlist), RangeTblRef) && OidIsValid(key.relid) &&
           !query.hasTargetSRFs && IsUniqueColumn(key.relid, key.attribute);
}

const char* WhyNotAny(const Statement& statement, const Key& key, bool of_one_row) {
    const Query& query = *statement.query;
    if (query.setOperations != nullptr) {
        return "a set operation takes all rows together";
    }
    if (query.hasWindowFuncs) {
        return "its window functions are over each key's rows";
    }
    if (query.hasAggs || query.groupClause != NIL || query.groupingSets != NIL ||
        query.havingQual != nullptr) {
        return "its aggregates are over each key's rows";
    }
    if (query.distinctClause != NIL) {
        return "its DISTINCT is over each key's rows";
    }
    if (query.rowMarks != NIL) {
        return "it locks rows, which many keys at once would do in another order";
    }
    if (!of_one_row && (query.limitCount != nullptr || query.limitOffset != nullptr)) {
        return "its LIMIT counts each key's rows";
    }
    if (query.limitOffset != nullptr) {
        return "its OFFSET counts each key's rows";
    }
    if (!of_one_row && query.sortClause != NIL) {
        return "its ORDER BY is of each key's rows";
    }
    if (query.cteList != NIL) {
        return "its WITH may depend on the key";
    }
    if (key.column == nullptr || key.equality == nullptr) {
        return "no column must equal a parameter";
    }
    if (statement.UsesOf(key.parameter) != 1) {
        return "it uses the key more than once";
    }
    return nullptr;
}

const char* WhyNotAtAll(const Statement& statement) {
    if (HasOrdinal(reinterpret_cast<Node*>(statement.raw), nullptr)) {
        return "its ORDER BY, GROUP BY or DISTINCT ON names a column by a number, which is not "
               "kept";
    }
    if (statement.query->hasModifyingCTE) {
        return "it changes data";
    }
    if (HasVolatileFunctions(statement)) {
        return "it calls volatile functions, which may give other results each time";
    }
    return nullptr;
}

bool HasVolatileFunctions(const Statement& statement) {
    auto* query = static_cast<Query*>(copyObjectImpl(statement.query));
    ListCell* cell = nullptr;
    foreach (cell, pg_rewrite_query(query)) {
        if (contain_volatile_functions(static_cast<Node*>(lfirst(cell)))) {
            return true;
        }
    }
    return false;
}

}  // namespace elile::n_plus_one
