/*
 * What waits: a session that hangs as it writes its slot of the server's table of sessions, until it is canceled; and a
 * type whose values take 2 ms to be written, but no processor.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/wait_event.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(hold_slot);
PG_FUNCTION_INFO_V1(sleepy_in);
PG_FUNCTION_INFO_V1(sleepy_out);

Datum
hold_slot(PG_FUNCTION_ARGS)
{
	PG_TRY();
	{
		MyBEEntry->st_changecount++;
		for (;;)
		{
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1L, PG_WAIT_EXTENSION);
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
	}
	PG_FINALLY();
	{
		MyBEEntry->st_changecount++;
	}
	PG_END_TRY();
	PG_RETURN_VOID();
}

Datum
sleepy_in(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(textin, PG_GETARG_DATUM(0));
}

Datum
sleepy_out(PG_FUNCTION_ARGS)
{
	pg_usleep(2000);
	return DirectFunctionCall1(textout, PG_GETARG_DATUM(0));
}
