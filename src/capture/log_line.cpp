// Writes the server log's line on a slow statement, in the forms that log readers know.
#include "capture/slow_log.hpp"
#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/slow_log.hpp"
#include "pg/encoding.hpp"
#include "pg/json.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

double ToMs(uint64 duration_ns) { return static_cast<double>(duration_ns) / 1e6; }

// The line's duration is what the client waited, where that is known.
double DurationMs(const core::SlowRecord& record) {
    return ToMs(record.has_elapsed != 0 ? record.elapsed_ns : record.duration_ns);
}

double ThresholdMs(const core::SlowRecord& record) {
    return static_cast<double>(record.threshold_us) / 1e3;
}

const char* OperationOf(const core::SlowRecord& record) {
    return record.operation != core::kNoOperation ? core::kOperationNames[record.operation].data()
                                                  : "unknown";
}

const char* SlowByOf(const core::SlowRecord& record) {
    return core::IsSlowBefore(record) ? "before" : "execution";
}

// The session that ran the statement, when another process writes the line.
struct Origin {
    uint32 encoding;
    uint32 pid;
    const char* username;
    const char* datname;
};

// Appends "key=value ...", then the plan on lines of its own, which pgBadger shows below the
// statement.
void AppendDetail(StringInfo out, const core::SlowRecord& record, const SlowText& text,
                  const Origin* origin) {
    appendStringInfo(out, "queryid=%lld operation=%s rows=%llu threshold_ms=%g toplevel=%s",
                     static_cast<long long>(record.queryid), OperationOf(record),
                     static_cast<unsigned long long>(record.rows), ThresholdMs(record),
                     record.toplevel != 0 ? "true" : "false");
    if (record.has_elapsed != 0) {
        appendStringInfo(out, " execution_ms=%.3f plan_ms=%.3f wait_before_ms=%.3f slow_by=%s",
                         ToMs(record.duration_ns), ToMs(record.planned_ns),
                         ToMs(record.elapsed_ns - record.duration_ns), SlowByOf(record));
    }
    if (record.sqlstate != 0) {
        appendStringInfo(out, " sqlstate=%s", unpack_sql_state(static_cast<int>(record.sqlstate)));
    }
    if (record.plan_id != 0) {
        appendStringInfo(out, " plan_id=%lld", static_cast<long long>(record.plan_id));
    }
    if (origin != nullptr) {
        appendStringInfo(out, " pid=%u user=%s db=%s app=%s", origin->pid, origin->username,
                         origin->datname, record.application_name);
    }
    if (text.parameters != nullptr) {
        appendStringInfo(out, " parameters: %s", text.parameters);
    }
    if (text.plan != nullptr) {
        appendStringInfo(out, "\nplan:\n%s", text.plan);
    }
}

void AppendJson(StringInfo out, const core::SlowRecord& record, const SlowText& text,
                const Origin* origin) {
    pg::Json json(out);
    json.Milliseconds("duration_ms", DurationMs(record));
    json.Identifier("queryid", record.queryid);
    const uint32 encoding =
        origin != nullptr ? origin->encoding : static_cast<uint32>(GetDatabaseEncoding());
    json.String("statement", TextForLine(record.text).text, encoding);
    json.String("operation", OperationOf(record));
    json.Count("rows", record.rows);
    json.Double("threshold_ms", ThresholdMs(record));
    json.Boolean("toplevel", record.toplevel != 0);
    if (record.has_elapsed != 0) {
        json.Milliseconds("execution_ms", ToMs(record.duration_ns));
        json.Milliseconds("plan_ms", ToMs(record.planned_ns));
        json.Milliseconds("wait_before_ms", ToMs(record.elapsed_ns - record.duration_ns));
        json.String("slow_by", SlowByOf(record));
    }
    if (record.sqlstate != 0) {
        json.String("sqlstate", unpack_sql_state(static_cast<int>(record.sqlstate)));
    }
    if (record.plan_id != 0) {
        json.Identifier("plan_id", record.plan_id);
    }
    if (origin != nullptr) {
        json.Count("pid", origin->pid);
        json.String("user", origin->username, encoding);
        json.String("db", origin->datname, encoding);
        json.String("app", record.application_name, encoding);
    }
    if (text.parameters != nullptr) {
        json.String("parameters", text.parameters, encoding);
    }
    if (text.plan != nullptr) {
        json.String("plan", text.plan, encoding);
    }
    json.End();
}

// LOG_SERVER_ONLY, because a client must not get messages that it did not ask for. The server would
// append the statement and its context in clear, so both are hidden.
void Write(const core::SlowRecord& record, const SlowText& text, const Origin* origin) {
    StringInfoData message;
    StringInfoData detail;
    initStringInfo(&message);
    initStringInfo(&detail);
    if (static_cast<pg::LogFormat>(pg::Settings::log_format) == pg::LogFormat::kJson) {
        AppendJson(&message, record, text, origin);
    } else {
        appendStringInfo(&message, "duration: %.3f ms  statement: %s", DurationMs(record),
                         TextForLine(record.text).text);
        AppendDetail(&detail, record, text, origin);
    }
    ereport(LOG_SERVER_ONLY, (errmsg_internal("%s", message.data),
                              detail.len > 0 ? errdetail_internal("%s", detail.data) : 0,
                              errhidestmt(true), errhidecontext(true)));
}

}  // namespace

bool TakesLogLine() {
    if (!pg::Settings::enable_query_logging) {
        return false;
    }
    core::SlowLog::Shared& log = *store::SharedSegment()->slow_log.shared;
    const auto second = static_cast<uint32>(GetCurrentTimestamp() / USECS_PER_SEC);
    const int limit = pg::Settings::log_rate_limit;
    const bool taken = limit < 0 || log.budget.Take(second, static_cast<uint32>(limit));
    core::Add(log.suppressed, taken ? 0 : 1);
    return taken;
}

LineText TextForLine(uint32 id) {
    const pg::PooledText copy = pg::CopyText(store::SharedSegment()->texts, id);
    return copy.length > 0
               ? LineText{copy.text, copy.encoding}
               : LineText{"(text not kept)", static_cast<uint32>(GetDatabaseEncoding())};
}

void WriteLogLine(const core::SlowRecord& record, const SlowText& text) {
    if (TakesLogLine()) {
        Write(record, text, nullptr);
    }
}

void WriteLineOf(const store::WaitingRun& run, const SlowText& text) {
    const Origin origin{run.encoding, run.record.pid, run.username, run.datname};
    Write(run.record, text, &origin);
}

}  // namespace elile::capture
