/* Another extension that watches what is logged, for a test. Its hook logs on its own, and its functions and its worker
 * raise errors whose messages lie in all kinds of memory. */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/elog.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(neighbour_template);
PG_FUNCTION_INFO_V1(neighbour_heap);
PG_FUNCTION_INFO_V1(neighbour_static);
PG_FUNCTION_INFO_V1(neighbour_seen);
PG_FUNCTION_INFO_V1(neighbour_starts);
PGDLLEXPORT void neighbour_worker(Datum argument);

static emit_log_hook_type prev_hook;
static int64 seen;
static bool is_logging;
static char written[128];

static void
on_emit_log(ErrorData *error)
{
    if (error->elevel >= ERROR && !is_logging)
    {
        seen++;
        is_logging = true;
        ereport(LOG, (errmsg("neighbour has seen an error")));
        is_logging = false;
    }
    if (prev_hook)
        prev_hook(error);
}

/* The message is in read-only data of a library that may have been loaded late. */
Datum
neighbour_template(PG_FUNCTION_ARGS)
{
    ereport(ERROR,
            (errcode(ERRCODE_CHECK_VIOLATION), errmsg("neighbour refuses \"%s\" at %d", text_to_cstring(PG_GETARG_TEXT_PP(0)), 7),
             err_generic_string(PG_DIAG_CONSTRAINT_NAME, "neighbour_rule"),
             err_generic_string(PG_DIAG_COLUMN_NAME, "éééééééééééééééééééééééééééééééééééééééé")));
}

/* The message itself has the value. */
Datum
neighbour_heap(PG_FUNCTION_ARGS)
{
    char *message = psprintf("neighbour knows %s", text_to_cstring(PG_GETARG_TEXT_PP(0)));

    ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg_internal(message, 0)));
}

Datum
neighbour_static(PG_FUNCTION_ARGS)
{
    snprintf(written, sizeof(written), "neighbour knows %s", text_to_cstring(PG_GETARG_TEXT_PP(0)));
    ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg_internal(written, 0)));
}

Datum
neighbour_seen(PG_FUNCTION_ARGS)
{
    PG_RETURN_INT64(seen);
}

void
neighbour_worker(Datum argument)
{
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(argument), InvalidOid, 0);
    ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg("neighbour's worker fails")));
}

Datum
neighbour_starts(PG_FUNCTION_ARGS)
{
    BackgroundWorker worker = {0};
    BackgroundWorkerHandle *handle;

    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    worker.bgw_main_arg = ObjectIdGetDatum(MyDatabaseId);
    worker.bgw_notify_pid = MyProcPid;
    strlcpy(worker.bgw_name, "neighbour", BGW_MAXLEN);
    strlcpy(worker.bgw_library_name, text_to_cstring(PG_GETARG_TEXT_PP(0)), sizeof(worker.bgw_library_name));
    strlcpy(worker.bgw_function_name, "neighbour_worker", BGW_MAXLEN);
    if (!RegisterDynamicBackgroundWorker(&worker, &handle))
        elog(ERROR, "no place for a worker");
    WaitForBackgroundWorkerShutdown(handle);
    PG_RETURN_BOOL(true);
}

void
_PG_init(void)
{
    prev_hook = emit_log_hook;
    emit_log_hook = on_emit_log;
}
