#include "capture/slow_log.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "core/slow_ring.hpp"
#include "pg/clock.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

void CopyAddress(core::SlowRecord* record) {
    if (MyProcPort == nullptr) {
        return;
    }
    const sockaddr_storage& address = MyProcPort->raddr.addr;
    if (address.ss_family == AF_INET) {
        const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
        record->address_family = 4;
        memcpy(record->address, &ipv4.sin_addr, sizeof(ipv4.sin_addr));
    } else if (address.ss_family == AF_INET6) {
        const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
        record->address_family = 6;
        memcpy(record->address, &ipv6.sin6_addr, sizeof(ipv6.sin6_addr));
    }
}

// LOG_SERVER_ONLY: a client must not get another message than it asked for. The server would append
// the statement and its context in clear, so both are hidden.
void WriteLogLine(const core::SlowRecord& record) {
    static char text[core::kMaxTextBytes + 1];
    uint32 encoding = 0;
    const uint32 length = store::SharedStore()->Parts().texts.Read(record.text, text, &encoding);
    text[length] = '\0';
    const double duration_ms = static_cast<double>(record.duration_ns) / 1e6;
    const char* const query = length > 0 ? text : "(text not kept)";
    if (record.sqlstate == 0) {
        ereport(LOG_SERVER_ONLY,
                (errmsg("duration: %.3f ms  slow statement: %s", duration_ms, query),
                 errhidestmt(true), errhidecontext(true)));
    } else {
        ereport(LOG_SERVER_ONLY,
                (errmsg("duration: %.3f ms  slow statement, failed with SQLSTATE %s: %s",
                        duration_ms, unpack_sql_state(static_cast<int>(record.sqlstate)), query),
                 errhidestmt(true), errhidecontext(true)));
    }
}

}  // namespace

void KeepSlow(const Execution& execution, int sqlstate) {
    core::StatementStore* store = store::SharedStore();
    core::SlowRecord record{};
    const uint64 ago_ns = pg::MonotonicNs() - FirstRunNs(execution);
    record.started_at_us = GetCurrentTimestamp() - static_cast<int64>(ago_ns / 1000);
    record.duration_ns = execution.elapsed_ns;
    record.threshold_us = int64{pg::Settings::slow_query_threshold} * 1000;
    record.queryid = execution.statement.key.unidentified ? 0 : execution.statement.key.queryid;
    record.rows = sqlstate == 0 ? execution.rows : 0;
    record.dbid = execution.statement.key.dbid;
    record.userid = execution.statement.key.userid;
    record.pid = static_cast<uint32>(MyProcPid);
    record.table = execution.statement.target.table;
    record.sqlstate = static_cast<uint32>(sqlstate);
    record.toplevel = execution.statement.key.toplevel ? 1 : 0;
    record.operation = static_cast<uint8>(execution.statement.target.operation);
    CopyAddress(&record);
    strlcpy(record.application_name, application_name != nullptr ? application_name : "",
            sizeof(record.application_name));
    record.text = store->TakeText(execution.statement.handle);
    if (pg::Settings::enable_query_logging) {
        WriteLogLine(record);
    }
    store->Parts().ring.Write(record, store->Parts().texts);
}

}  // namespace elile::capture
