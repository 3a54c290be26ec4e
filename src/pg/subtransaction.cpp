#include "pg/subtransaction.hpp"

namespace elile::pg {

bool RunInSubtransaction(Oid userid, SubtransactionBody body, void* argument, ErrorData** error) {
    MemoryContext context = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    Oid caller = InvalidOid;
    int security = 0;
    GetUserIdAndSecContext(&caller, &security);
    bool done = false;
    BeginInternalSubTransaction(nullptr);
    PG_TRY();
    {
        SetUserIdAndSecContext(userid, security | SECURITY_RESTRICTED_OPERATION);
        MemoryContextSwitchTo(context);
        PushActiveSnapshot(GetTransactionSnapshot());
        body(argument);
        PopActiveSnapshot();
        SetUserIdAndSecContext(caller, security);
        ReleaseCurrentSubTransaction();
        done = true;
    }
    PG_CATCH();
    {
        const int sqlstate = geterrcode();
        MemoryContextSwitchTo(context);
        if (error != nullptr) {
            *error = CopyErrorData();
        }
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        // Its message might have a value in it.
        elog(DEBUG1, "elile_optimize gave up work of its own: SQLSTATE %s",
             unpack_sql_state(sqlstate));
        if (sqlstate == ERRCODE_QUERY_CANCELED) {
            QueryCancelPending = true;
            InterruptPending = true;
        }
    }
    PG_END_TRY();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    return done;
}

}  // namespace elile::pg
