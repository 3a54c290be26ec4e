// Counts errors that ended what a client asked for, as the server reports them.
//
// The hook may run in a critical section, out of memory, or while an error is reported within an
// error. So it touches memory only: no lock, no allocation, no catalogue, nothing that may raise.
#include "capture/entries.hpp"
#include "capture/hooks.hpp"
#include "capture/phase.hpp"
#include "capture/unrun.hpp"
#include "core/failures/table.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "pg/clock.hpp"
#include "pg/read_only_text.hpp"
#include "pg/reported_error.hpp"
#include "store/own_database.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {

EnteredPhase entered_phase = kNoPhase;

namespace {

emit_log_hook_type prev_emit_log = nullptr;

// What the error at hand has passed: utilities are counted before the error is reported.
struct Passed {
    bool any;
    bool at_top_level;
    core::Phase phase;       // where the error was raised
    core::StatementKey key;  // of the outermost counted one
    uint32 table_plus_one;
};

Passed passed = {};
bool is_ending = false;                // a FATAL error was counted
TimestampTz utility_succeeded_at = 0;  // the statement_timestamp() of its message

struct Statement {
    uint64 queryid;  // 0: none is known
    uint32 table_plus_one;
    bool is_counted;  // at top level, as failed
};

// Returns the innermost of what was entered and not left.
core::Phase InnermostPhase() {
    if (entered_phase.phase != core::Phase::kUnknown && running == entered_phase.inside) {
        return entered_phase.phase;
    }
    if (running == nullptr) {
        return core::Phase::kUnknown;
    }
    return running->is_utility ? core::Phase::kUtility : core::Phase::kExecute;
}

const Execution* Outermost() {
    const Execution* execution = running;
    while (execution != nullptr && execution->outer != nullptr) {
        execution = execution->outer;
    }
    return execution;
}

uint64 QueryIdOf(const core::StatementKey& key) { return key.unidentified ? 0 : key.queryid; }

// A utility has no table, which is a place in the directory too.
uint32 TableOf(const Execution& execution) { return execution.statement.target.table + 1; }

bool IsTitle(const char* title) {
    int length = 0;
    const char* shown = get_ps_display(&length);
    return shown != nullptr && length == static_cast<int>(strlen(title)) &&
           memcmp(shown, title, static_cast<size_t>(length)) == 0;
}

bool IsStatementAt(TimestampTz time) { return time == GetCurrentStatementStartTimestamp(); }

// Whether a statement at top level ended since the server read the client's message.
bool HasSucceeded() {
    const uint64 began_ns = LastRunBeganNs();
    const auto message_us =
        static_cast<uint64>(GetCurrentTimestamp() - GetCurrentStatementStartTimestamp());
    return IsStatementAt(utility_succeeded_at) ||
           (began_ns != 0 && pg::MonotonicNs() - began_ns <= message_us * 1000);
}

// The errors that a commit raises: deferred constraints, serialization.
bool IsCommitsOwn(int sqlstate) {
    const int category = ERRCODE_TO_CATEGORY(sqlstate);
    return sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE ||
           category == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION;
}

// Where statements have no identifiers, only the error tells analysis from commit.
bool IsAnalysisOwn(int sqlstate) {
    const int category = ERRCODE_TO_CATEGORY(sqlstate);
    return category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
           category == ERRCODE_FEATURE_NOT_SUPPORTED || category == ERRCODE_DATA_EXCEPTION;
}

// A portal that failed was started or run, whether or not one of our hooks was in it.
core::Phase PhaseOfPortal() {
    const Portal portal = IsAbortedTransactionBlockState() ? nullptr : GetPortalByName("");
    if (!PortalIsValid(portal)) {
        return core::Phase::kUnknown;
    }
    const bool is_own = IsStatementAt(portal->creation_time);
    if (portal->status == PORTAL_NEW && is_own) {
        return core::Phase::kBind;
    }
    if (portal->status != PORTAL_FAILED || !(is_own || portal->sourceText == debug_query_string)) {
        return core::Phase::kUnknown;
    }
    const bool is_utility = portal->stmts != NIL &&
                            linitial_node(PlannedStmt, portal->stmts)->commandType == CMD_UTILITY;
    return is_utility ? core::Phase::kUtility : core::Phase::kExecute;
}

// Nothing has told the server a text: the message names a statement or portal that is not there, or
// is a Sync, or there is none.
core::Phase PhaseWithoutText(const ErrorData& error) {
    switch (error.sqlerrcode) {
        case ERRCODE_UNDEFINED_PSTATEMENT:
            return core::Phase::kBind;
        case ERRCODE_UNDEFINED_CURSOR:
            return core::Phase::kExecute;
        default:
            break;
    }
    const BackendState state = MyBEEntry != nullptr ? MyBEEntry->st_state : STATE_UNDEFINED;
    if (state == STATE_FASTPATH) {
        return core::Phase::kExecute;
    }
    const bool is_busy =
        state == STATE_RUNNING || (state == STATE_DISABLED && error.elevel == ERROR);
    return is_busy && (HasSucceeded() || IsCommitsOwn(error.sqlerrcode)) ? core::Phase::kCommit
                                                                         : core::Phase::kUnknown;
}

// None of our hooks was in anything. The process's title tells the messages of the extended
// protocol apart, unless update_process_title is off.
core::Phase PhaseBetweenHooks(const ErrorData& error) {
    if (debug_query_string == nullptr) {
        return PhaseWithoutText(error);
    }
    const core::Phase of_portal = PhaseOfPortal();
    if (of_portal != core::Phase::kUnknown) {
        return of_portal;
    }
    if (IsTitle("BIND")) {
        // The executor's start asks for rights, where the portal has a name.
        return error.sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE ? core::Phase::kExecute
                                                                  : core::Phase::kBind;
    }
    if (IsTitle("PARSE")) {
        return core::Phase::kParse;
    }
    const bool has_identifier = pgstat_track_activities && IsQueryIdEnabled()
                                    ? pgstat_get_my_query_id() != 0
                                    : !IsAnalysisOwn(error.sqlerrcode);
    const bool is_commit = IsCommitsOwn(error.sqlerrcode) || (has_identifier && HasSucceeded());
    return is_commit ? core::Phase::kCommit : core::Phase::kParse;
}

core::Phase PhaseOf(const ErrorData& error) {
    if (!IsNormalProcessingMode()) {
        return core::Phase::kConnect;
    }
    if (passed.any) {
        return passed.phase;
    }
    const core::Phase innermost = InnermostPhase();
    return innermost != core::Phase::kUnknown ? innermost : PhaseBetweenHooks(error);
}

Statement FailedStatement(core::Phase phase) {
    const Execution* outermost = Outermost();
    if (outermost != nullptr && outermost->statement.key.toplevel) {
        return {QueryIdOf(outermost->statement.key), TableOf(*outermost), true};
    }
    if (passed.any && passed.at_top_level) {
        return {QueryIdOf(passed.key), passed.table_plus_one, true};
    }
    const bool has_statement = debug_query_string != nullptr || phase == core::Phase::kCommit;
    const uint64 queryid = has_statement ? static_cast<uint64>(pgstat_get_my_query_id()) : 0;
    return {queryid, queryid != 0 ? TableOfFailed(queryid) : 0, false};
}

// A name that is too long ends in a whole character.
void CopyNameOrNone(char (&to)[core::kNameBytes], const char* from, int encoding) {
    if (from != nullptr) {
        constexpr int kMost = core::kNameBytes - 1;
        const auto length = static_cast<int>(strnlen(from, core::kNameBytes));
        const int whole = pg_encoding_mbcliplen(encoding, from, length, kMost);
        core::CopyName(to, {from, static_cast<size_t>(Min(whole, length))});
    }
}

// Whether a template has a word of its own, besides the places of values.
bool SaysSomething(const char* text, int length) {
    bool in_place = false;
    for (int at = 0; at < length; ++at) {
        if (in_place) {
            in_place = strchr("0123456789.*$-+ #hlLqjzt", text[at]) != nullptr;
        } else if (text[at] == '%') {
            in_place = true;
        } else if (isalpha(static_cast<unsigned char>(text[at])) != 0) {
            return true;
        }
    }
    return false;
}

// Names are taken only where the message is the server's or an extension's own. Others are what a
// function's author or a client chose to raise, and may be anybody's values.
void FillDetails(const ErrorData& error, core::FailureDetails* details) {
    const int length = pg::LengthInReadOnlyData(error.message_id);
    if (length <= 0 || !SaysSomething(error.message_id, length)) {
        return;
    }
    memcpy(details->message, error.message_id,
           Min(static_cast<size_t>(length), sizeof(details->message) - 1));
    const int encoding = GetDatabaseEncoding();
    CopyNameOrNone(details->schema, error.schema_name, encoding);
    CopyNameOrNone(details->table_name, error.table_name, encoding);
    CopyNameOrNone(details->column, error.column_name, encoding);
    CopyNameOrNone(details->constraint, error.constraint_name, encoding);
}

void FillSession(core::FailureKey* key) {
    key->database = MyDatabaseId;
    key->user = GetOuterUserId();
    CopyNameOrNone(key->application, MyBEEntry != nullptr ? MyBEEntry->st_appname : nullptr,
                   GetDatabaseEncoding());
}

// The names that a client gave, whose database and role may not even exist. Their encoding is not
// known, and the server may have cut them within a character.
void FillGiven(core::FailureKey* key) {
    CopyNameOrNone(key->application, MyProcPort->application_name, PG_UTF8);
    CopyNameOrNone(key->given_database, MyProcPort->database_name, PG_UTF8);
    CopyNameOrNone(key->given_user, MyProcPort->user_name, PG_UTF8);
}

uint32 ErrorDatabaseNamed(const core::TableDirectory& databases, const char* name) {
    for (uint32 at = core::kOtherTables + 1; at < databases.End(); ++at) {
        core::TableNames names;
        uint32 encoding = 0;
        if (databases.IsUsed(at) && databases.Read(databases.At(at), &names, &encoding) &&
            name[0] != '\0' && strncmp(names.table, name, sizeof(names.table)) == 0) {
            return at;
        }
    }
    return core::kNoErrorDatabase;
}

// Returns the place of this session's errors in the metric.
uint32 ErrorDatabase(const core::Segment& segment, const core::FailureKey& key) {
    if (key.phase == core::Phase::kConnect) {
        return ErrorDatabaseNamed(segment.databases, key.given_database);
    }
    store::NoteOwnDatabase();
    const uint32 database = segment.databases.Find({MyDatabaseId, 0, 0});
    return database != core::kNoIndex ? core::TableDirectory::IndexOf(database)
                                      : core::kOtherTables;
}

void Count(core::FailureKey* key, const core::FailureDetails& details, bool is_outside) {
    core::Segment& segment = *store::SharedSegment();
    segment.failures.Note(*key, details, static_cast<uint64>(GetCurrentTimestamp()));
    segment.failures.CountError(ErrorDatabase(segment, *key), key->phase, key->sqlstate,
                                is_outside);
}

// Clients' sessions only: a parallel worker's error comes once more from its leader.
bool IsClient() { return MyProcPort != nullptr && !am_walsender; }

bool MayCount() {
    const core::Segment* segment = store::SharedSegment();
    return IsClient() && segment != nullptr && store::MayWrite(*segment);
}

void NoteFailure(const ErrorData& error) {
    core::FailureKey key;
    core::FailureDetails details;
    memset(static_cast<void*>(&key), 0, sizeof(key));
    memset(static_cast<void*>(&details), 0, sizeof(details));
    key.phase = PhaseOf(error);
    key.sqlstate = static_cast<uint32>(error.sqlerrcode);
    details.encoding = static_cast<uint32>(GetDatabaseEncoding());
    bool is_outside = false;
    if (key.phase == core::Phase::kConnect) {
        FillGiven(&key);
    } else {
        const Statement statement = FailedStatement(key.phase);
        FillSession(&key);
        key.queryid = statement.queryid;
        details.table_plus_one = statement.table_plus_one;
        is_outside = !statement.is_counted;
    }
    FillDetails(error, &details);
    Count(&key, details, is_outside);
    if (!passed.any) {
        KeepIfItWaited(key, details.table_plus_one);
    }
}

void OnEmitLog(ErrorData* error) {
    if (error->elevel >= ERROR) {
        if (MayCount()) {
            NoteFailure(*error);
        }
        ForgetPhase();
        is_ending = error->elevel >= FATAL;
    }
    if (prev_emit_log != nullptr) {
        prev_emit_log(error);
    }
}

}  // namespace

void LeaveUtility(const EnteredPhase& before) {
    LeavePhase(before);
    passed.any = false;
    utility_succeeded_at = GetCurrentStatementStartTimestamp();
}

void NoteFailedUtility(const Execution& utility) {
    if (!passed.any) {
        passed = {true, false, InnermostPhase(), {}, 0};
    }
    passed.at_top_level = passed.at_top_level || utility.statement.key.toplevel;
    passed.key = utility.statement.key;
    passed.table_plus_one = TableOf(utility);
}

void NoteFailedExecution(const Execution& execution, int sqlstate) {
    if (!execution.statement.key.toplevel || !pg::LogHidesErrors() || is_ending || !MayCount()) {
        return;
    }
    core::FailureKey key;
    core::FailureDetails details;
    memset(static_cast<void*>(&key), 0, sizeof(key));
    memset(static_cast<void*>(&details), 0, sizeof(details));
    key.phase = execution.is_utility ? core::Phase::kUtility : core::Phase::kExecute;
    key.sqlstate = static_cast<uint32>(sqlstate);
    key.queryid = QueryIdOf(execution.statement.key);
    FillSession(&key);
    key.user = execution.statement.key.userid;
    details.encoding = static_cast<uint32>(GetDatabaseEncoding());
    details.table_plus_one = TableOf(execution);
    Count(&key, details, false);
    ForgetPhase();
}

void ForgetPhase() {
    passed.any = false;
    NotePlanned(InvalidOid);
    entered_phase = kNoPhase;
}

void WatchFailures() {
    pg::NoteLoadedObjects();
    prev_emit_log = emit_log_hook;
    emit_log_hook = OnEmitLog;
}

}  // namespace elile::capture
