/* Another tool that deals with plans, for a test: it gives identifiers to plans, tells which it has
 * seen, and has options of EXPLAIN. */
#include "postgres.h"

#include "commands/defrem.h"
#include "commands/explain.h"
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "optimizer/planner.h"
#include "utils/backend_status.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(plan_probe_at_start);
PG_FUNCTION_INFO_V1(plan_probe_reported);
PG_FUNCTION_INFO_V1(plan_probe_at_end);

static int given;
static int64 at_start;
static int64 reported;
static int64 at_end;
static int probe_id;

static planner_hook_type prev_planner;
static ExecutorStart_hook_type prev_start;
static ExecutorEnd_hook_type prev_end;
static explain_per_plan_hook_type prev_per_plan;

#if PG_VERSION_NUM >= 190000
#define PLANNER_PARAMETERS \
    Query *parse, const char *source, int options, ParamListInfo parameters, ExplainState *state
#define PLANNER_ARGUMENTS parse, source, options, parameters, state
#else
#define PLANNER_PARAMETERS Query *parse, const char *source, int options, ParamListInfo parameters
#define PLANNER_ARGUMENTS parse, source, options, parameters
#endif

static bool
is_watched(const char *source)
{
    return source != NULL && strstr(source, "watched") != NULL;
}

static PlannedStmt *
on_planner(PLANNER_PARAMETERS)
{
    PlannedStmt *plan = prev_planner ? prev_planner(PLANNER_ARGUMENTS) : standard_planner(PLANNER_ARGUMENTS);

    if (given != 0 && is_watched(source))
        plan->planId = given;
    return plan;
}

static void
on_start(QueryDesc *query, int flags)
{
    if (is_watched(query->sourceText))
    {
        at_start = query->plannedstmt->planId;
        reported = pgstat_get_my_plan_id();
    }
    if (prev_start)
        prev_start(query, flags);
    else
        standard_ExecutorStart(query, flags);
}

static void
on_end(QueryDesc *query)
{
    if (is_watched(query->sourceText))
        at_end = query->plannedstmt->planId;
    if (prev_end)
        prev_end(query);
    else
        standard_ExecutorEnd(query);
}

/* probe 'word' prints the word, the statement and its parameters; probe 'error' raises one. */
static void
on_option(ExplainState *state, DefElem *option, ParseState *parse)
{
    SetExplainExtensionState(state, probe_id, pstrdup(defGetString(option)));
}

/* As debug of pg_overexplain is named, whose own is not loaded then. */
static void
on_debug(ExplainState *state, DefElem *option, ParseState *parse)
{
    SetExplainExtensionState(state, probe_id, defGetBoolean(option) ? "debug" : NULL);
}

static void
on_per_plan(PlannedStmt *plan, IntoClause *into, ExplainState *state, const char *source,
            ParamListInfo parameters, QueryEnvironment *environment)
{
    const char *word = GetExplainExtensionState(state, probe_id);

    if (prev_per_plan)
        prev_per_plan(plan, into, state, source, parameters, environment);
    if (word == NULL)
        return;
    if (strcmp(word, "error") == 0)
        elog(ERROR, "plan_probe was told to fail");
    ExplainPropertyText("Probe", word, state);
    ExplainPropertyText("Probed", source, state);
    ExplainPropertyInteger("Parameters", NULL, parameters ? parameters->numParams : 0, state);
}

Datum
plan_probe_at_start(PG_FUNCTION_ARGS)
{
    PG_RETURN_INT64(at_start);
}

Datum
plan_probe_reported(PG_FUNCTION_ARGS)
{
    PG_RETURN_INT64(reported);
}

Datum
plan_probe_at_end(PG_FUNCTION_ARGS)
{
    PG_RETURN_INT64(at_end);
}

void _PG_init(void);

void
_PG_init(void)
{
    DefineCustomIntVariable("plan_probe.given", "The identifier that plans get.", NULL, &given, 0, 0, INT_MAX,
                            PGC_USERSET, 0, NULL, NULL, NULL);
    probe_id = GetExplainExtensionId("plan_probe");
#if PG_VERSION_NUM >= 190000
    RegisterExtensionExplainOption("probe", on_option, GUCCheckBooleanExplainOption);
    RegisterExtensionExplainOption("debug", on_debug, GUCCheckBooleanExplainOption);
#else
    RegisterExtensionExplainOption("probe", on_option);
    RegisterExtensionExplainOption("debug", on_debug);
#endif
    prev_planner = planner_hook;
    planner_hook = on_planner;
    prev_start = ExecutorStart_hook;
    ExecutorStart_hook = on_start;
    prev_end = ExecutorEnd_hook;
    ExecutorEnd_hook = on_end;
    prev_per_plan = explain_per_plan_hook;
    explain_per_plan_hook = on_per_plan;
}
