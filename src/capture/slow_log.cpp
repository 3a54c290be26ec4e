#include "capture/slow_log.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>

#include "capture/failed_copy.hpp"
#include "capture/plan_tree.hpp"
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

core::SlowRecord DescribeRun(const Execution& execution, int sqlstate) {
    core::SlowRecord record{};
    const core::KnownStatement& statement = execution.statement;
    const uint64 ago_ns = pg::MonotonicNs() - FirstRunNs(execution);
    record.started_at_us = GetCurrentTimestamp() - static_cast<int64>(ago_ns / 1000);
    record.duration_ns = execution.elapsed_ns;
    record.threshold_us = int64{pg::ThresholdMs()} * 1000;
    record.queryid = statement.key.unidentified ? 0 : statement.key.queryid;
    record.rows = sqlstate == 0 ? execution.rows : 0;
    record.dbid = statement.key.dbid;
    record.userid = statement.key.userid;
    record.pid = static_cast<uint32>(MyProcPid);
    record.table = statement.target.table;
    record.sqlstate = static_cast<uint32>(sqlstate);
    record.toplevel = statement.key.toplevel ? 1 : 0;
    record.operation = static_cast<uint8>(statement.target.operation);
    CopyAddress(&record);
    strlcpy(record.application_name, application_name != nullptr ? application_name : "",
            sizeof(record.application_name));
    record.text = store::SharedStore()->TakeText(statement.handle);
    return record;
}

// A small part of what the statement took; where that was next to nothing, as long as a plan of
// usual size takes.
int MostMs(uint64 elapsed_ns) {
    constexpr uint64 kPart = 10;
    constexpr uint64 kNsPerMs = 1000000;
    constexpr uint64 kLeastMs = 20;
    constexpr uint64 kMostMs = 1000;
    return static_cast<int>(std::clamp(elapsed_ns / kPart / kNsPerMs, kLeastMs, kMostMs));
}

// Of a plan that has just run.
void KeepDetails(const Execution& execution, QueryDesc* query, SlowText* text,
                 core::SlowDetails* details) {
    const PlannedStmt& plan = *query->plannedstmt;
    const bool keeps_parameters = pg::KeepsParameters();
    const int most_ms = MostMs(execution.elapsed_ns);
    if (pg::KeepsPlans()) {
        const bool shares = !keeps_parameters && query->planstate->instrument == nullptr;
        const PlanOfRun run{execution.statement, PlanIdOf(plan), !keeps_parameters, shares,
                            most_ms};
        NotePlanOf(run, execution.elapsed_ns);
        KeepPlan(
            run,
            [query, most_ms](bool hides) {
                CheckNames(*query->plannedstmt, most_ms);
                return ExplainPlan(query, hides);
            },
            text, details);
    }
    if (keeps_parameters) {
        KeepParameters(most_ms, execution.statement.key.userid, query->params, query->sourceText,
                       plan.stmt_location, plan.stmt_len, text, details);
    }
}

void KeepNow(core::SlowRecord record, const SlowText& text, const core::SlowDetails& details) {
    record.plan_id = details.plan_id;
    record.plan = details.plan;
    record.parameters = details.parameters;
    WriteLogLine(record, text);
    store::SharedStore()->Parts().ring.Write(record);
}

// With its plan, unless `query` is null.
void KeepAtOnce(const Execution& execution, const core::SlowRecord& record, QueryDesc* query) {
    MemoryContext scratch = AllocSetContextCreate(
        CurrentMemoryContext, "elile_optimize slow statement", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(scratch);
    SlowText text;
    core::SlowDetails details{};
    if (query != nullptr) {
        KeepDetails(execution, query, &text, &details);
    }
    KeepNow(record, text, details);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(scratch);
}

// Takes over the copy. A text that another run has left serves at once; any other has to wait.
void KeepFailed(FailedCopy* copy, core::SlowRecord record, uint64 duration_ns) {
    core::Segment& segment = store::SharedStore()->Parts();
    MemoryContext caller = MemoryContextSwitchTo(copy->context);
    SlowText text;
    core::SlowDetails details{copy->run.plan_id, 0, 0};
    bool waits = false;
    if (copy->run.plan_id != 0) {
        NotePlanOf(copy->run, duration_ns);
    }
    if (UseKnownPlan(copy->run, &text, &details)) {
        KeepNow(record, text, details);
    } else {
        record.plan_id = copy->run.plan_id;
        segment.texts.AddReference(record.text);
        record.id = segment.ring.Write(record);
        waits = WriteDownLater(copy, record);
        if (!waits) {
            WriteLogLine(record, text);
            segment.texts.Release(record.text);
        }
    }
    MemoryContextSwitchTo(caller);
    if (!waits) {
        DropCopy(copy);
    }
}

}  // namespace

void KeepSlow(const Execution& execution, int sqlstate, QueryDesc* query) {
    const core::SlowRecord record = DescribeRun(execution, sqlstate);
    FailedCopy* copy = TakeCopy(execution);
    if (sqlstate != 0 && copy != nullptr) {
        KeepFailed(copy, record, execution.elapsed_ns);
        return;
    }
    DropCopy(copy);
    if (query == nullptr && execution.query != nullptr && pg::KeepsPlans()) {
        core::Add(store::SharedStore()->Parts().header->plans_lost, 1);
    }
    KeepAtOnce(execution, record, query);
}

}  // namespace elile::capture
