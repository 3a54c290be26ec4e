#include "capture/slow_log.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>

#include "capture/failed_copy.hpp"
#include "capture/plan_tree.hpp"
#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/store.hpp"
#include "pg/clock.hpp"
#include "pg/encoding.hpp"
#include "pg/explain_options.hpp"
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

// Fills what the session tells.
void DescribeSession(core::SlowRecord* record) {
    record->threshold_us = int64{pg::ThresholdMs()} * 1000;
    record->pid = static_cast<uint32>(MyProcPid);
    CopyAddress(record);
    core::CopyName(record->application_name, application_name != nullptr ? application_name : "");
}

core::SlowRecord DescribeRun(const Execution& execution, int sqlstate) {
    core::SlowRecord record{};
    const core::KnownStatement& statement = execution.statement;
    const uint64 ago_ns = pg::MonotonicNs() - FirstRunNs(execution);
    DescribeSession(&record);
    record.started_at_us = GetCurrentTimestamp() - static_cast<int64>(ago_ns / 1000);
    record.duration_ns = execution.elapsed_ns;
    if (execution.knows_before) {
        record.elapsed_ns = ClientNs(execution);
        record.planned_ns = execution.planned_ns;
        record.has_elapsed = 1;
    }
    record.queryid = statement.key.unidentified ? 0 : statement.key.queryid;
    record.rows = sqlstate == 0 ? execution.rows : 0;
    record.dbid = statement.key.dbid;
    record.userid = statement.key.userid;
    record.table = statement.target.table;
    record.sqlstate = static_cast<uint32>(sqlstate);
    record.toplevel = statement.key.toplevel ? 1 : 0;
    record.operation = static_cast<uint8>(statement.target.operation);
    record.text = store::SharedStore()->TakeText(statement.handle);
    return record;
}

// Rendering may take a tenth of what the statement took. The least time is enough for a plan of
// usual size.
int MostMs(uint64 elapsed_ns) {
    constexpr uint64 kPart = 10;
    constexpr uint64 kNsPerMs = 1000000;
    constexpr uint64 kLeastMs = 20;
    constexpr uint64 kMostMs = 1000;
    return static_cast<int>(std::clamp(elapsed_ns / kPart / kNsPerMs, kLeastMs, kMostMs));
}

// Keeps the plan and parameters of a query that has just run.
void KeepDetails(const Execution& execution, QueryDesc* query, SlowText* text,
                 core::SlowDetails* details) {
    const PlannedStmt& plan = *query->plannedstmt;
    const bool keeps_parameters = pg::KeepsParameters();
    const int most_ms = MostMs(execution.elapsed_ns);
    if (pg::KeepsPlans()) {
        const bool is_extended = pg::HasExtensionOptions();
        const bool shares =
            !keeps_parameters && !is_extended && query->planstate->instrument == nullptr;
        const PlanOfRun run{execution.statement, IdentifyPlan(query->plannedstmt),
                            !keeps_parameters, shares, is_extended};
        if (pg::IsSlow(execution.elapsed_ns)) {
            LogNews(run.statement, run.plan_id,
                    NotePlan(run.statement, run.plan_id, execution.elapsed_ns));
        }
        KeepPlan(
            run, most_ms,
            [query, most_ms](bool hides, bool extended) {
                CheckNames(*query->plannedstmt, most_ms);
                return ExplainPlan(query, hides, extended);
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
    store::SharedSegment()->ring.Write(record);
}

// Keeps an execution whose plan the session itself can render.
void KeepAtOnce(const Execution& execution, const core::SlowRecord& record, QueryDesc* query) {
    MemoryContext scratch = AllocSetContextCreate(
        CurrentMemoryContext, "elile_optimize slow statement", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(scratch);
    SlowText text;
    core::SlowDetails details{};
    KeepDetails(execution, query, &text, &details);
    KeepNow(record, text, details);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(scratch);
    pg::LetConflictsIn();
}

// Writes a line with no more than the record holds.
void WriteLogLineInScratch(const core::SlowRecord& record) {
    MemoryContext scratch = AllocSetContextCreate(TopMemoryContext, "elile_optimize slow statement",
                                                  ALLOCSET_SMALL_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(scratch);
    SlowText text;
    text.plan = pg::CopyText(store::SharedSegment()->details, record.plan).text;
    WriteLogLine(record, text);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(scratch);
}

// Another process writes the lines of an ending session, and the line of one that ran out of
// memory.
bool MayWriteLine(int sqlstate) {
    return !proc_exit_inprogress && sqlstate != ERRCODE_OUT_OF_MEMORY;
}

// Takes over the run, and one reference to each of the record's texts. The record is already in the
// ring.
void HandOver(store::WaitingRun* run, const core::KnownStatement& statement,
              const core::SlowRecord& record) {
    run->statement = statement;
    run->record = record;
    run->encoding = static_cast<uint32>(GetDatabaseEncoding());
    strlcpy(run->username, MyProcPort != nullptr ? MyProcPort->user_name : "",
            sizeof(run->username));
    strlcpy(run->datname, MyProcPort != nullptr ? MyProcPort->database_name : "",
            sizeof(run->datname));
    store::WaitingRuns::HandOver(run);
}

// Writes the record into the ring, and leaves the caller references of its own to its texts.
uint64 WriteShared(const core::SlowRecord& record) {
    core::Segment& segment = *store::SharedSegment();
    segment.texts.AddReference(record.text);
    segment.details.AddReference(record.plan);
    return segment.ring.Write(record);
}

// Keeps an execution that has no plan to be rendered, or whose plan is known. Takes over the
// record's references. Returns the record's id.
uint64 KeepWithoutSession(const core::KnownStatement& statement, core::SlowRecord record,
                          const core::PlanNews& news) {
    core::Segment& segment = *store::SharedSegment();
    if (!TakesLogLine()) {
        return segment.ring.Write(record);
    }
    store::WaitingRun* run = store::WaitingRuns::AreTended() ? store::WaitingRuns::Take() : nullptr;
    if (run == nullptr) {
        core::Add(segment.slow_log.shared->suppressed, 1);
        return segment.ring.Write(record);
    }
    record.id = WriteShared(record);
    run->has_line = true;
    run->format = pg::FormatOfSession();
    run->news = news;
    HandOver(run, statement, record);
    return record.id;
}

// Keeps an execution with what is known of it, without other processes where it can. Takes over the
// record's references. Returns the record's id.
uint64 KeepByItself(const core::KnownStatement& statement, const core::SlowRecord& record,
                    const core::PlanNews& news) {
    if (!MayWriteLine(static_cast<int>(record.sqlstate))) {
        return KeepWithoutSession(statement, record, news);
    }
    LogNews(statement, record.plan_id, news);
    WriteLogLineInScratch(record);
    return store::SharedSegment()->ring.Write(record);
}

// Attaches a plan's text that came after the look for it and before the record was in the ring. Who
// made the text has missed this record. The text may be out of reach while others look for it,
// hence several tries. Returns false when there is none.
bool AttachLate(const core::KnownStatement& statement, const core::SlowRecord& record) {
    constexpr int kMostTries = 100;
    for (int tries = 0; tries < kMostTries; ++tries) {
        if (const uint32 text = TakePlanText(statement, record.plan_id); text != 0) {
            store::SharedSegment()->ring.Attach(record.id, {record.plan_id, text, 0});
            return true;
        }
    }
    return false;
}

// Whether the copy is to be handed over. If not, what is lost is counted and the run given back.
bool IsToBeHandedOver(FailedCopy& copy, const core::SlowRecord& record) {
    const bool needs_plan = copy.plan_id != 0 && record.plan == 0;
    if (copy.run != nullptr && (needs_plan || copy.run->keeps_parameters)) {
        if (store::WaitingRuns::AreTended()) {
            return true;
        }
        copy.reason = core::LostPlan::kNoWorker;
    }
    if (needs_plan && !copy.is_known && !copy.is_shared) {
        CountLostPlan(copy.reason);
    }
    if (!copy.hides) {
        core::Add(store::SharedSegment()->slow_log.shared->parameters_lost, 1);
    }
    if (copy.run != nullptr) {
        store::WaitingRuns::Release(copy.run);
    }
    return false;
}

// Touches memory only, but for a line in the log where one may be written.
void KeepFailed(FailedCopy copy, const core::KnownStatement& statement, core::SlowRecord record) {
    core::PlanNews news;
    if (copy.plan_id != 0) {
        if (!core::IsSlowBefore(record)) {
            news = NotePlan(statement, copy.plan_id, record.duration_ns);
        }
        record.plan_id = copy.plan_id;
        record.plan = copy.shares ? TakePlanText(statement, copy.plan_id) : 0;
    }
    if (!IsToBeHandedOver(copy, record)) {
        record.id = KeepByItself(statement, record, news);
    } else {
        copy.run->has_line = TakesLogLine();
        copy.run->news = news;
        record.id = WriteShared(record);
        HandOver(copy.run, statement, record);
    }
    if ((copy.is_known || copy.is_shared) && record.plan == 0 && !AttachLate(statement, record) &&
        copy.is_known) {
        CountLostPlan(core::LostPlan::kError);
    }
}

// Leaves the record to a worker that may normalise texts. Returns false where there is none.
bool LeaveSource(const core::SlowRecord& record, const char* source) {
    store::WaitingRun* run = store::WaitingRuns::AreTended() ? store::WaitingRuns::Take() : nullptr;
    if (run == nullptr) {
        return false;
    }
    const pg::Block block = store::WaitingRuns::NextBlock(run);
    if (block.begin == nullptr || strlen(source) >= block.bytes) {
        store::WaitingRuns::Release(run);
        return false;
    }
    strlcpy(block.begin, source, block.bytes);
    run->source = block.begin;
    run->needs_text = true;
    run->has_line = TakesLogLine();
    run->search_path = "";
    run->format = pg::FormatOfSession();
    core::KnownStatement statement{};
    statement.key.userid = record.userid;
    HandOver(run, statement, record);
    return true;
}

}  // namespace

void KeepUnrun(core::SlowRecord record, const char* source) {
    DescribeSession(&record);
    record.started_at_us = GetCurrentTimestamp() - static_cast<int64>(record.elapsed_ns / 1000);
    if (record.text != 0 || source == nullptr || !LeaveSource(record, source)) {
        KeepWithoutSession({}, record, {});
    }
}

void KeepSlow(const Execution& execution, int sqlstate, QueryDesc* query) {
    const core::SlowRecord record = DescribeRun(execution, sqlstate);
    FailedCopy copy;
    const bool has_copy = TakeCopy(execution, &copy);
    if (sqlstate != 0 && has_copy) {
        KeepFailed(copy, execution.statement, record);
        return;
    }
    if (has_copy && copy.run != nullptr) {
        store::WaitingRuns::Release(copy.run);
    }
    if (query != nullptr) {
        KeepAtOnce(execution, record, query);
        return;
    }
    if (execution.query != nullptr && pg::KeepsPlans()) {
        CountLostPlan(core::LostPlan::kUnsafe);
    }
    KeepByItself(execution.statement, record, {});
}

}  // namespace elile::capture
