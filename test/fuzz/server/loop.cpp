#include "capture/query_text.hpp"
#include "fuzz/server/target.hpp"
#include "n_plus_one/verification.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

namespace elile::fuzz {
namespace {

using n_plus_one::Known;
using n_plus_one::Texts;

constexpr const char* kParents[] = {
    "select id from a",
    "select * from a where n > 0.5",
    "select id as a_id, name from a order by id limit 3",
    "select a.id, b.kind from a join b on b.a_id = a.id where b.f > 1",
    "select distinct a_id from b",
    "select \"Key\", id from b",
    "with w as (select id from a) select id from w",
    "select id /* which */ from a -- all",
    "select 1 as id",
    "select b.id, b.id as parent from b where kind = 'x'and f is not null"};
constexpr const char* kTargets[] = {"*",
                                    "b.*",
                                    "b.id",
                                    "b.a_id",
                                    "kind, f",
                                    "count(*)",
                                    "max(f)",
                                    "b.id as key",
                                    "\"Key\"",
                                    "upper(kind) as from_",
                                    "row_number() over (order by b.id)",
                                    "(select name from a where a.id = b.a_id) as name",
                                    "b.id, extract(year from date'2020-01-01')",
                                    "f is distinct from 2",
                                    "array[b.id, 1]",
                                    "coalesce(kind, 'from')",
                                    "distinct kind",
                                    "b.id as \"from\"",
                                    "substring(kind from 1)"};
constexpr const char* kSources[] = {"b",
                                    "only b",
                                    "b, a",
                                    "a join b on b.a_id = a.id",
                                    "a left join b on b.a_id = a.id",
                                    "vb as b",
                                    "(select * from b where f < 100) as b",
                                    "b cross join lateral (select b.a_id + 1) as l"};
constexpr const char* kConditions[] = {
    "b.a_id = 1",
    "1 = b.a_id",
    "b.a_id=1",
    "b.id = 3",
    "kind = 'x'",
    "b.a_id = 1::int",
    "cast(1 as int) = b.a_id",
    "f > 0.5",
    "b.a_id = 1 + 1",
    "b.id in (1, 2)",
    "\"Key\" = 2",
    "exists (select 1 from c where c.b_id = b.id and c.parent = 1)",
    "b.a_id = abs(-1)",
    "kind is distinct from 'y'",
    "'x'=kind",
    "(b.a_id = 1)",
    "b.a_id = 1::numeric",
    "b.a_id = '1'",
    "b.kind = 'x'::varchar",
    "b.\"Key\"=any(array[1,2])",
    "1::int= b . a_id",
    "b.id = (select max(id) from c where parent = 1)",
    "b.a_id = cast(1 as pg_catalog.int4)",
    "b.f = 1::double precision",
    "1::double precision=b.f"};
constexpr const char* kGaps[] = {" ", "\n", " /* from */ ", "  "};
constexpr const char* kEnds[] = {"",
                                 "",
                                 " order by b.id",
                                 " limit 1",
                                 " order by b.id limit 2",
                                 " group by b.id",
                                 " order by b.id desc offset 1",
                                 " union select 1",
                                 ";",
                                 " for update",
                                 " order by 1"};

const char* ChildText(Input* input) {
    constexpr std::size_t kMostConditions = 3;
    Sql sql(input);
    const char* gap = sql.OneOf(kGaps);
    for (const char* part : {"select", gap, sql.OneOf(kTargets), gap, "from", gap,
                             sql.OneOf(kSources), gap, "where", gap}) {
        sql.Put(part);
    }
    const std::size_t conditions = 1 + sql.Below(kMostConditions);
    for (std::size_t at = 0; at < conditions; ++at) {
        sql.Put(at == 0 ? "" : sql.Chance(8) ? " or " : " and ");
        sql.Put(sql.OneOf(kConditions));
    }
    sql.Put(sql.OneOf(kEnds));
    return sql.Text();
}

// What a statement's execution leaves in the store.
Known KnownOf(const char* text) {
    constexpr int kMostTries = 64;
    const List* parsed = raw_parser(text, RAW_PARSE_DEFAULT);
    Oid* types = nullptr;
    int count = 0;
    Query* query = n_plus_one::AnalyseOnce(linitial_node(RawStmt, parsed), text, &types, &count);
    const uint64 queryid = pg::IdentifierOf(query, text);
    const capture::QueryText normalised = capture::NormaliseQuery(text, 0, 0);
    return {pnstrdup(normalised.text, normalised.length), queryid, kMostTries};
}

// The values that its literals had, by number.
Texts LiteralsOf(const char* text) {
    const capture::Values values = capture::FindValues(text, 0, 0);
    auto** texts =
        static_cast<const char**>(palloc(sizeof(char*) * (static_cast<Size>(values.count) + 1)));
    for (int at = 0; at < values.count; ++at) {
        const int quotes = text[values.list[at].begin] == '\'' ? 1 : 0;
        const int begin = values.list[at].begin + quotes;
        texts[at] = pnstrdup(text + begin, static_cast<Size>(values.list[at].end - quotes - begin));
    }
    return {texts, values.count, true};
}

void RequireSameRows(const n_plus_one::Request& request) {
    const n_plus_one::Verification verification = n_plus_one::Verify(request);
    for (int at = 0; at < verification.count; ++at) {
        if (!verification.of[at].same_rows) {
            fprintf(stderr, "parent: %s\nchild: %s\n%s: %s\n",
                    request.parent.text != nullptr ? request.parent.text : "none",
                    request.child.text, verification.of[at].form, verification.of[at].statement);
        }
        Require(verification.of[at].same_rows, "a form has the rows of the child, one by one");
    }
}

}  // namespace

void TakeLoop(Input input) {
    constexpr int kTimeoutMs = 10000;
    // Any number of keys that is asked for divides their count.
    constexpr const char* kKeys[] = {"1", "2", "3", "1", "7", "2", "1", "1", "3", "2", "5", "1",
                                     "4", "1", "2", "6", "3", "1", "1", "2", "1", "4", "2", "8"};
    EnableQueryId();
    const char* parent_text = kParents[input.Below(lengthof(kParents))];
    const bool gives_keys = input.Below(2) == 1;
    const char* child_text = ChildText(&input);
    const Known parent = KnownOf(parent_text);
    const Known child = KnownOf(child_text);
    const Texts keys = {kKeys, gives_keys ? static_cast<int>(lengthof(kKeys)) : 0, gives_keys};
    RequireSameRows(
        {parent, child, 0, keys, LiteralsOf(parent_text), LiteralsOf(child_text), kTimeoutMs});
}

}  // namespace elile::fuzz
