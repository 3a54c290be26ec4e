// Runs a statement on the journal: as the table's owner, and on nothing but that table.
//
// A name is resolved once, when the statement is analysed. The result is checked before it is
// planned, and is what is executed, so nobody can put another table in its place. SPI would not
// show it, and may analyse again.
#include <string_view>

#include "indexes/journal.hpp"
#include "indexes/journal_table.hpp"
#include "pg/compat.hpp"
#include "pg/identity.hpp"
#include "pg/plan_compat.hpp"

namespace elile::indexes {
namespace {

constexpr int kMostArguments = 8;
constexpr std::string_view kPlaceholder = "@journal";

// Receives the rows that a statement returns from the executor.
struct Rows {
    DestReceiver receiver;
    MemoryContext context;
    List* tuples;
    TupleDesc columns;
};

bool Keep(TupleTableSlot* slot, DestReceiver* receiver) {
    auto* rows = reinterpret_cast<Rows*>(receiver);
    MemoryContext before = MemoryContextSwitchTo(rows->context);
    rows->tuples = lappend(rows->tuples, ExecCopySlotHeapTuple(slot));
    MemoryContextSwitchTo(before);
    return true;
}

void Begin(DestReceiver* receiver, int, TupleDesc columns) {
    auto* rows = reinterpret_cast<Rows*>(receiver);
    MemoryContext before = MemoryContextSwitchTo(rows->context);
    rows->columns = CreateTupleDescCopy(columns);
    MemoryContextSwitchTo(before);
}

void DoNothing(DestReceiver*) {}

// Returns the statement with the table's present name in it.
const char* NameTable(const char* sql, Oid relid) {
    const char* name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
                                                  get_rel_name(relid));
    StringInfoData text;
    initStringInfo(&text);
    const char* place = nullptr;
    while ((place = strstr(sql, kPlaceholder.data())) != nullptr) {
        appendBinaryStringInfo(&text, sql, static_cast<int>(place - sql));
        appendStringInfoString(&text, name);
        sql = place + kPlaceholder.size();
    }
    appendStringInfoString(&text, sql);
    return text.data;
}

// Whether the function is none of those that initdb has made.
bool IsForeignFunction(Oid function, void*) { return function >= FirstNormalObjectId; }

// Whether a rewritten statement uses a relation or function that is neither the table nor the
// server's own. Defaults, rules and policies are in it by now.
bool ReachesOut(Node* node, void* relid) {
    if (node == nullptr) {
        return false;
    }
    if (!IsA(node, Query)) {
        return check_functions_in_node(node, IsForeignFunction, nullptr) ||
               pg::WalkExpression(node, ReachesOut, relid);
    }
    auto* query = castNode(Query, node);
    const ListCell* cell = nullptr;
    foreach (cell, query->rtable) {
        const auto* entry = lfirst_node(RangeTblEntry, cell);
        if (OidIsValid(entry->relid) && entry->relid != *static_cast<const Oid*>(relid)) {
            return true;
        }
    }
    return pg::WalkQuery(query, ReachesOut, relid);
}

PlannedStmt* Plan(const char* sql, Oid relid, const Oid* types, ParamListInfo parameters) {
    List* parsed = pg_parse_query(sql);
    List* queries = pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, parsed), sql, types,
                                                       parameters->numParams, nullptr);
    if (list_length(queries) != 1 || ReachesOut(static_cast<Node*>(linitial(queries)), &relid)) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("a statement on the journal of index builds would act on something "
                               "else: it is not run")));
    }
    return pg::PlanQuery(linitial_node(Query, queries), sql, 0, parameters);
}

// Runs the statement with a snapshot that shows what this transaction has done until now.
uint64 Execute(const char* sql, Oid relid, const Oid* types, ParamListInfo parameters, Rows* rows) {
    CommandCounterIncrement();
    PushCopiedSnapshot(GetTransactionSnapshot());
    UpdateActiveSnapshotCommandId();
    QueryDesc* query =
        CreateQueryDesc(Plan(sql, relid, types, parameters), sql, GetActiveSnapshot(),
                        InvalidSnapshot, &rows->receiver, parameters, nullptr, 0);
    ExecutorStart(query, 0);
    pg::RunToEnd(query);
    ExecutorFinish(query);
    const uint64 processed = query->estate->es_processed;
    ExecutorEnd(query);
    FreeQueryDesc(query);
    PopActiveSnapshot();
    CommandCounterIncrement();
    return processed;
}

// Sets search_path whatever the caller's is. Nothing else is set at the nest level that it returns.
int PinSearchPath() {
    const int nest_level = NewGUCNestLevel();
    set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                      GUC_ACTION_SAVE, true, 0, false);
    return nest_level;
}

}  // namespace

uint64 RunOnJournal(const char* sql, std::initializer_list<Argument> arguments, RowVisitor visit,
                    void* context) {
    const JournalTable journal = RequireJournal();
    MemoryContext callers = CurrentMemoryContext;
    MemoryContext own =
        AllocSetContextCreate(callers, "elile_optimize journal", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(own);
    Oid types[kMostArguments];
    ParamListInfo parameters = makeParamList(static_cast<int>(arguments.size()));
    int count = 0;
    for (const Argument& argument : arguments) {
        types[count] = argument.type;
        parameters->params[count++] = {argument.value, argument.is_null, PARAM_FLAG_CONST,
                                       argument.type};
    }
    Rows rows = {{Keep, Begin, DoNothing, DoNothing, DestNone}, own, NIL, nullptr};
    const pg::Identity before = pg::ActAs(journal.owner);
    const int nest_level = PinSearchPath();
    const uint64 processed =
        Execute(NameTable(sql, journal.relid), journal.relid, types, parameters, &rows);
    AtEOXact_GUC(true, nest_level);
    pg::ActAgainAs(before);
    MemoryContextSwitchTo(callers);
    const ListCell* cell = nullptr;
    foreach (cell, rows.tuples) {
        if (visit != nullptr) {
            visit(static_cast<HeapTuple>(lfirst(cell)), rows.columns, context);
        }
    }
    MemoryContextDelete(own);
    return processed;
}

}  // namespace elile::indexes
