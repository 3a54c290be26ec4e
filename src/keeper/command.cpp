#include "keeper/command.hpp"

#include "pg/compat.hpp"
#include "pg/postgres.hpp"

namespace elile::keeper {

// This does what exec_simple_query() in postgres.c does. CREATE INDEX CONCURRENTLY commits on its
// way, so the parse tree lies in a context that outlives transactions.
void RunCommand(const char* sql) {
    static MemoryContext context = nullptr;
    if (context == nullptr) {
        context = AllocSetContextCreate(TopMemoryContext, "elile_optimize command",
                                        ALLOCSET_DEFAULT_SIZES);
    }
    MemoryContextReset(context);
    sql = MemoryContextStrdup(context, sql);
    debug_query_string = sql;
    pgstat_report_activity(STATE_RUNNING, sql);
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    MemoryContextSwitchTo(context);
    List* trees = pg_parse_query(sql);
    List* queries =
        pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, trees), sql, nullptr, 0, nullptr);
    List* plans = pg_plan_queries(queries, sql, 0, nullptr);
    Portal portal = CreatePortal("", true, true);
    portal->visible = false;
    PortalDefineQuery(portal, nullptr, sql, CreateCommandTag(linitial_node(RawStmt, trees)->stmt),
                      plans, nullptr);
    PortalStart(portal, nullptr, 0, InvalidSnapshot);
    pg::RunPortal(portal);
    PortalDrop(portal, false);
    CommitTransactionCommand();
    debug_query_string = nullptr;
    pgstat_report_activity(STATE_IDLE, nullptr);
}

}  // namespace elile::keeper
