/* A session that hangs as it writes its slot of the server's table of sessions, until it is canceled. */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/backend_status.h"
#include "utils/wait_event.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(hold_slot);

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
