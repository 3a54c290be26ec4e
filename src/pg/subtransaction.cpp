#include "pg/subtransaction.hpp"

namespace elile::pg {

bool RunInSubtransaction(Oid userid, SubtransactionBody body, void* argument) {
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
        body(argument);
        SetUserIdAndSecContext(caller, security);
        ReleaseCurrentSubTransaction();
        done = true;
    }
    PG_CATCH();
    {
        const bool cancelled = geterrcode() == ERRCODE_QUERY_CANCELED;
        MemoryContextSwitchTo(context);
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        if (cancelled) {
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
