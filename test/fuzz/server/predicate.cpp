#include "indexes/predicate.hpp"

#include "fuzz/server/target.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_relation.h"
}

namespace elile::fuzz {
namespace {

// The columns of table t, by number.
constexpr const char* kColumns[] = {"", "i", "f", "r", "n", "s", "v", "c", "b"};
constexpr int kNumeric = 4;
constexpr int kCharacter = 7;

constexpr const char* kOperators[] = {" >= ", " = ", " > ", "<=", " <> ", ">=", "="};
constexpr const char* kConstants[] = {"1",
                                      "0.1",
                                      "-1.5",
                                      "1e300",
                                      "'NaN'",
                                      "'a'",
                                      "'a '",
                                      "''",
                                      "'abc'",
                                      "true",
                                      "null",
                                      "1::float8",
                                      "0.1::float4",
                                      "'1'::numeric",
                                      "123456789012345678.5",
                                      "'b'::varchar(1)",
                                      "'a'::bpchar",
                                      "2 + 1",
                                      "'a' collate \"C\"",
                                      "1::int::float8",
                                      "0.5::float8::numeric",
                                      "false",
                                      "i",
                                      "100000000000000.1"};
constexpr const char* kLists[] = {" in ('a', 'b')",
                                  " in ('b', 'a', 'a')",
                                  " = any('{a,b,NULL}')",
                                  " in (1, 0.1)",
                                  " = any(array['a', ''])",
                                  " in ('a', null)",
                                  " = any('{a}'::varchar[])",
                                  " = any('{}'::text[])",
                                  " <> all('{a,b}')",
                                  " is null",
                                  " is true",
                                  "::text = 'a'",
                                  " = any('{{a,b},{c,d}}')",
                                  " = any(array['a ']::bpchar[])"};

void PutAtom(Sql* sql) {
    sql->Put(sql->Chance(6) ? "not " : "");
    sql->Put(kColumns[1 + sql->Below(lengthof(kColumns) - 1)]);
    if (sql->Chance(3)) {
        sql->Put(sql->OneOf(kLists));
    } else if (!sql->Chance(8)) {
        sql->Put(sql->OneOf(kOperators));
        sql->Put(sql->OneOf(kConstants));
    }
}

const char* PredicateText(Input* input) {
    Sql sql(input);
    constexpr std::size_t kMostAtoms = 3;
    const std::size_t atoms = 1 + sql.Below(kMostAtoms);
    const bool is_or = !sql.Chance(4);
    for (std::size_t at = 0; at < atoms; ++at) {
        sql.Put(at == 0 ? "" : is_or ? " or " : " and ");
        PutAtom(&sql);
    }
    return sql.Text();
}

// Does what CREATE INDEX does with a predicate.
char* NodesOf(const char* text) {
    const char* statement = psprintf("select from t where %s", text);
    const List* parsed = raw_parser(statement, RAW_PARSE_DEFAULT);
    const auto* select = castNode(SelectStmt, linitial_node(RawStmt, parsed)->stmt);
    ParseState* state = make_parsestate(nullptr);
    state->p_sourcetext = statement;
    Relation table = table_openrv(makeRangeVar(nullptr, pstrdup("t"), -1), AccessShareLock);
    ParseNamespaceItem* item =
        addRangeTableEntryForRelation(state, table, AccessShareLock, nullptr, false, true);
    addNSItemToQuery(state, item, false, true, true);
    Node* node =
        transformWhereClause(state, select->whereClause, EXPR_KIND_INDEX_PREDICATE, "WHERE");
    assign_expr_collations(state, node);
    table_close(table, AccessShareLock);
    return nodeToString(make_ands_explicit(make_ands_implicit(reinterpret_cast<Expr*>(node))));
}

// Writes what was read as SQL; null where it was not understood.
const char* SqlOf(const core::IndexPredicate& predicate) {
    const char* column = kColumns[predicate.attribute];
    StringInfoData text;
    initStringInfo(&text);
    switch (predicate.kind) {
        case core::PredicateKind::kIsTrue:
            return column;
        case core::PredicateKind::kAtLeast:
            return psprintf(
                "%s >= '%s'::%s", column,
                DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(predicate.bound))),
                predicate.attribute == kNumeric ? "numeric" : "float8");
        case core::PredicateKind::kOneOf:
            appendStringInfo(&text, "%s = any(array[", column);
            for (size_t at = 0; at < predicate.count; ++at) {
                const std::string_view string = predicate.strings[at];
                appendStringInfo(&text, "%s%s", at > 0 ? "," : "",
                                 quote_literal_cstr(pnstrdup(string.data(), string.size())));
            }
            appendStringInfo(&text, "]::%s[])",
                             predicate.attribute == kCharacter ? "bpchar" : "text");
            return text.data;
        default:
            return nullptr;
    }
}

// Whether the condition holds in each row of the table.
bool HoldsInEachRow(const char* condition) {
    const char* query = psprintf("select bool_and(%s) from t", condition);
    Require(SPI_execute(query, true, 1) == SPI_OK_SELECT && SPI_processed == 1, "rows are read");
    bool is_null = false;
    const Datum holds = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
    return is_null || DatumGetBool(holds);
}

}  // namespace

void TakePredicates(Input input) {
    const char* texts[2];
    core::IndexPredicate read[2];
    for (int at = 0; at < 2; ++at) {
        texts[at] = PredicateText(&input);
        read[at] = indexes::ReadPredicate(NodesOf(texts[at]));
        Require(core::SamePredicate(read[at], read[at]), "a predicate is the same as itself");
    }
    SPI_connect();
    for (int at = 0; at < 2; ++at) {
        const char* sql = SqlOf(read[at]);
        Require(sql == nullptr ||
                    HoldsInEachRow(psprintf("((%s) is true) = ((%s) is true)", texts[at], sql)),
                "a predicate that is read picks the rows that it picks");
    }
    if (core::Implies(read[0], read[1])) {
        Require(
            HoldsInEachRow(psprintf("((%s) is not true) or ((%s) is true)", texts[0], texts[1])),
            "what implies a predicate picks only rows that the predicate picks");
    }
    SPI_finish();
}

}  // namespace elile::fuzz
