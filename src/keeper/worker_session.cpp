#include "keeper/worker_session.hpp"

#include "keeper/command.hpp"
#include "pg/compat.hpp"

namespace elile::keeper {
namespace {

// Sets fixed values for settings that a role or a database may have changed. None of them may end a
// worker's task, change its role or what a name means.
void PinSettings() {
    constexpr const char* kSettings[][2] = {{"search_path", "pg_catalog, pg_temp"},
                                            {"role", "none"},
                                            {"lock_timeout", "0"},
                                            {"statement_timeout", "0"},
                                            {"idle_in_transaction_session_timeout", "0"},
                                            {"default_transaction_read_only", "off"},
                                            {"default_transaction_isolation", "read committed"},
                                            {"application_name", "elile_optimize"}};
    StartTransactionCommand();
    for (const auto& setting : kSettings) {
        SetConfigOption(setting[0], setting[1], PGC_SUSET, PGC_S_SESSION);
    }
    pg::DropTransactionTimeout();
    CommitTransactionCommand();
}

// Connects. Nothing is counted from then on, for the worker's statements are nobody's.
void Connect(Oid dbid, Oid userid, uint32 flags) {
    BackgroundWorkerInitializeConnectionByOid(dbid, userid, flags);
    SetConfigOption("elile_optimize.track", "none", PGC_SUSET, PGC_S_SESSION);
}

void BecomeForGood(Oid userid) {
    StartTransactionCommand();
    const char* role = GetUserNameFromId(userid, false);
    char* sql = MemoryContextStrdup(
        TopMemoryContext, psprintf("set session authorization %s", quote_identifier(role)));
    CommitTransactionCommand();
    RunCommand(sql);
    pfree(sql);
    // A session that connected as a superuser may reset it, and an event trigger could make it do
    // so.
    pg::FreezeSetting("session_authorization");
}

volatile sig_atomic_t is_visit_over = 0;

void OnLongestVisit() {
    is_visit_over = 1;
    QueryCancelPending = true;
    InterruptPending = true;
}

}  // namespace

void Visit(Oid dbid) {
    RegisterTimeout(USER_TIMEOUT, OnLongestVisit);
    enable_timeout_after(USER_TIMEOUT, kLongestVisitMs);
    ConnectAsMonitor(dbid);
}

bool IsVisitOver() { return is_visit_over != 0; }

void ConnectAs(Oid dbid, Oid userid, bool may_log_in) {
    Connect(dbid, may_log_in ? userid : InvalidOid, may_log_in ? pg::kWorkerFlags : 0);
    if (!may_log_in) {
        BecomeForGood(userid);
    }
    PinSettings();
}

void ConnectAsMonitor(Oid dbid) {
    if (pg::kNeedsLogin) {
        Connect(dbid, InvalidOid, 0);
        BecomeForGood(ROLE_PG_MONITOR);
    } else {
        Connect(dbid, ROLE_PG_MONITOR, pg::kWorkerFlags | BGWORKER_BYPASS_ALLOWCONN);
    }
    PinSettings();
}

int SwallowError(MemoryContext context) {
    // HOLD_INTERRUPTS() increments a volatile with ++, which C++20 deprecates.
    InterruptHoldoffCount = InterruptHoldoffCount + 1;
    const int sqlstate = geterrcode();
    MemoryContextSwitchTo(context);
    FlushErrorState();
    AbortCurrentTransaction();
    InterruptHoldoffCount = InterruptHoldoffCount - 1;
    return sqlstate;
}

bool MayLogIn(Oid userid, bool* exists) {
    HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(userid));
    *exists = HeapTupleIsValid(tuple);
    if (!*exists) {
        return false;
    }
    const bool may_log_in = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple))->rolcanlogin;
    ReleaseSysCache(tuple);
    return (may_log_in || !pg::kNeedsLogin) && pg::MayConnectTo(MyDatabaseId, userid);
}

}  // namespace elile::keeper
