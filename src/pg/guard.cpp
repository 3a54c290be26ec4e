#include "pg/guard.hpp"

#include <csignal>

#include "pg/clock.hpp"
#include "pg/compat.hpp"

namespace elile::pg {
namespace {

// Work that nobody asked for takes at most this long by the clock. Its caller grants it less
// processor time, for on a busy machine a little work waits long for a processor.
constexpr uint64 kLongestNs = 1000000000;

TimeoutId deadline = MAX_TIMEOUTS;
bool is_deadline_set = false;  // by the outermost guard
volatile sig_atomic_t is_late = 0;
bool are_conflicts_held = false;  // by the outermost guard
bool had_held_conflicts = false;
uint64 began_ns = 0;      // monotonic
uint64 processor_ns = 0;  // of this process at that moment
uint64 most_ns = 0;       // of processor time

// Runs in a signal handler. A request to cancel that was there before is somebody's own.
void OnDeadline() {
    const bool is_over =
        ProcessorNs() - processor_ns >= most_ns || MonotonicNs() - began_ns >= kLongestNs;
    if (is_over && !QueryCancelPending) {
        is_late = 1;
        QueryCancelPending = true;
        InterruptPending = true;
        SetLatch(MyLatch);
    }
}

// Returns false when a guard around this one has set the deadline, which holds for this one too.
bool StartDeadline(int most_ms) {
    if (deadline == MAX_TIMEOUTS) {
        deadline = RegisterTimeout(USER_TIMEOUT, OnDeadline);
    }
    if (is_deadline_set) {
        return false;
    }
    is_deadline_set = true;
    is_late = 0;
    most_ns = static_cast<uint64>(most_ms) * 1000000;
    began_ns = MonotonicNs();
    processor_ns = ProcessorNs();
    enable_timeout_every(deadline, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), most_ms),
                         most_ms);
    return true;
}

// A command's row in pg_stat_progress_*.
struct Progress {
    ProgressCommandType command;
    Oid target;
    int64 of[PGSTAT_NUM_PROGRESS_PARAM];
};

// Error handling resets all this: errfinish() the hold-offs, the abort of a subtransaction the
// rest.
struct Saved {
    MemoryContext memory;
    ResourceOwner owner;
    ErrorContextCallback* callbacks;
    Oid userid;
    int security;
    int level;
    uint32 interrupt_holdoff;
    uint32 cancel_holdoff;
    bool exits_on_error;
    bool is_timed;         // by statement_timeout
    volatile bool is_due;  // the deadline is this guard's own
    sigset_t signals;
    uint32 wait;
    Progress progress;
};

Progress OwnProgress() {
    Progress progress = {PROGRESS_COMMAND_INVALID, InvalidOid, {}};
    if (MyBEEntry != nullptr && MyBEEntry->st_progress_command != PROGRESS_COMMAND_INVALID) {
        progress.command = MyBEEntry->st_progress_command;
        progress.target = MyBEEntry->st_progress_command_target;
        memcpy(progress.of, const_cast<const int64*>(MyBEEntry->st_progress_param),
               sizeof(progress.of));
    }
    return progress;
}

void RestoreProgress(const Progress& progress) {
    if (progress.command != PROGRESS_COMMAND_INVALID) {
        pgstat_progress_start_command(progress.command, progress.target);
        for (int at = 0; at < PGSTAT_NUM_PROGRESS_PARAM; ++at) {
            pgstat_progress_update_param(at, progress.of[at]);
        }
    }
}

void Save(Saved* saved) {
    saved->memory = CurrentMemoryContext;
    saved->owner = CurrentResourceOwner;
    saved->callbacks = error_context_stack;
    saved->interrupt_holdoff = InterruptHoldoffCount;
    saved->cancel_holdoff = QueryCancelHoldoffCount;
    saved->exits_on_error = ExitOnAnyError;
    saved->is_due = false;
}

// Saves what the abort of a subtransaction resets besides.
void SaveForAbort(Saved* saved) {
    GetUserIdAndSecContext(&saved->userid, &saved->security);
    saved->level = GetCurrentTransactionNestLevel();
    saved->is_timed = get_timeout_active(STATEMENT_TIMEOUT);
    sigprocmask(SIG_SETMASK, nullptr, &saved->signals);
    saved->wait = *my_wait_event_info;
    saved->progress = OwnProgress();
}

// Must come first in any handler: whoever holds interrupts will let them go as often as it held
// them.
void RestoreHoldoffs(const Saved& saved) {
    if (saved.is_due) {
        disable_timeout(deadline, false);
        is_deadline_set = false;
    }
    InterruptHoldoffCount = saved.interrupt_holdoff;
    QueryCancelHoldoffCount = saved.cancel_holdoff;
    ExitOnAnyError = saved.exits_on_error;
    MemoryContextSwitchTo(saved.memory);
}

// Whether the server is handling an error or any other message. An error of ours would destroy it,
// since FlushErrorState() empties the whole stack. Each has its text in ErrorContext, but a message
// that was sent may have left memory in use there. Then only geterrcode() knows: it raises an error
// where there is none.
bool IsHandlingError() {
    if (MemoryContextIsEmpty(ErrorContext)) {
        return false;
    }
    const uint32 interrupt_holdoff = InterruptHoldoffCount;
    const uint32 cancel_holdoff = QueryCancelHoldoffCount;
    const bool exits_on_error = ExitOnAnyError;
    ErrorContextCallback* callbacks = error_context_stack;
    MemoryContext memory = CurrentMemoryContext;
    volatile bool is_handling = true;
    PG_TRY();
    {
        ExitOnAnyError = false;
        error_context_stack = nullptr;
        geterrcode();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(memory);
        FlushErrorState();
        InterruptHoldoffCount = interrupt_holdoff;
        QueryCancelHoldoffCount = cancel_holdoff;
        is_handling = false;
    }
    PG_END_TRY();
    ExitOnAnyError = exits_on_error;
    error_context_stack = callbacks;
    return is_handling;
}

// False where an error would end the session or the server, or destroy another error.
bool MayFail() { return CritSectionCount == 0 && !proc_exit_inprogress && !IsHandlingError(); }

void Refuse(ErrorData** error) {
    if (error != nullptr) {
        *error = static_cast<ErrorData*>(palloc0(sizeof(ErrorData)));
        (*error)->elevel = ERROR;
        (*error)->sqlerrcode = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
        (*error)->message = pstrdup("the session is in no state for it");
        (*error)->assoc_context = CurrentMemoryContext;
    }
}

// The SQLSTATE of transaction_timeout in PostgreSQL 17 and later.
constexpr int kTransactionTimeout = MAKE_SQLSTATE('2', '5', 'P', '0', '4');

// Whether the code is one that only a FATAL has. The FATAL is the session's own: whatever runs ends
// with it.
bool EndsSession(int sqlstate) {
    switch (ERRCODE_TO_CATEGORY(sqlstate)) {
        case ERRCODE_TO_CATEGORY(ERRCODE_CONNECTION_EXCEPTION):
            return true;
        case ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION):
            return sqlstate != ERRCODE_QUERY_CANCELED;
        default:
            return sqlstate == kTransactionTimeout ||
                   (sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE && RecoveryInProgress());
    }
}

// Takes the place of the callbacks of what runs, which an error of ours does not concern. A FATAL
// is passed on to them.
void PassOnFatal(void* argument) {
    if (EndsSession(geterrcode())) {
        for (auto* each = static_cast<ErrorContextCallback*>(argument); each != nullptr;
             each = each->previous) {
            each->callback(each->arg);
        }
    }
}

// Gives back time-outs and requests to cancel that our work used up, which were meant for the
// statement. They are known by the file where the server raises them, for a function may raise the
// same code.
void GiveBackRequests(const Saved& saved, const ErrorData* error) {
    const bool is_servers = error != nullptr && error->filename != nullptr &&
                            strcmp(error->filename, "postgres.c") == 0;
    if (saved.is_timed && !get_timeout_active(STATEMENT_TIMEOUT) &&
        !get_timeout_indicator(STATEMENT_TIMEOUT, false)) {
        // The timer has to fire again, for only the timer marks a cancel as a time-out.
        enable_timeout_after(STATEMENT_TIMEOUT, 1);
    } else if (saved.is_due && is_late != 0) {
        // A deadline that interrupted nothing is still pending. So may be a time-out, which its
        // indicator tells.
        if (!is_servers && !get_timeout_indicator(STATEMENT_TIMEOUT, false)) {
            QueryCancelPending = false;
        }
    } else if (is_servers && (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
                              error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE)) {
        QueryCancelPending = true;
        InterruptPending = true;
    }
}

// A conflict with recovery ends the statement, but in a subtransaction it ends the session. So on a
// standby its signal waits for the end of our subtransaction. The abort sets the mask UnBlockSig,
// so the signal is blocked there too. Returns false when a conflict may be there already.
bool HoldConflicts() {
    sigaddset(&UnBlockSig, SIGUSR1);
    sigprocmask(SIG_SETMASK, &UnBlockSig, nullptr);
    are_conflicts_held = true;
    return InterruptPending == 0;
}

// The caller then restores its signal mask, which lets waiting signals in.
void ReleaseConflicts() {
    sigdelset(&UnBlockSig, SIGUSR1);
    are_conflicts_held = false;
    had_held_conflicts = true;
}

// Runs in the subtransaction, which the caller ends whatever happens in here.
void Work(const Guarded& how, const Saved& saved, GuardedBody body, void* argument) {
    ExitOnAnyError = false;
    SetUserIdAndSecContext(how.userid, saved.security | SECURITY_RESTRICTED_OPERATION);
    XactReadOnly = XactReadOnly || !how.writes;
    const int settings = NewGUCNestLevel();
    MemoryContextSwitchTo(saved.memory);
    PushActiveSnapshot(GetTransactionSnapshot());
    body(argument);
    PopActiveSnapshot();
    AtEOXact_GUC(false, settings);
    SetUserIdAndSecContext(saved.userid, saved.security);
    ReleaseCurrentSubTransaction();
}

// Runs in the handler. Returns a palloc'd copy of the error.
ErrorData* Undo(const Saved& saved) {
    RestoreHoldoffs(saved);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    // A subtransaction that the body opened and did not end is above ours.
    while (GetCurrentTransactionNestLevel() > saved.level) {
        RollbackAndReleaseCurrentSubTransaction();
    }
    SetUserIdAndSecContext(saved.userid, saved.security);
    RestoreProgress(saved.progress);
    pgstat_report_wait_start(saved.wait);
    return error;
}

void HandOver(ErrorData* made, ErrorData** error) {
    if (error != nullptr) {
        *error = made;
    } else {
        // The error's message might have a value in it, so it is left out.
        elog(DEBUG1, "elile_optimize gave up work of its own: SQLSTATE %s",
             unpack_sql_state(made->sqlerrcode));
        FreeErrorData(made);
    }
}

}  // namespace

// A session that holds interrupts may hold light-weight locks, which an abort would release.
bool MayUseSubtransaction() {
    return IsTransactionState() && !IsAbortedTransactionBlockState() && !IsInParallelMode() &&
           InterruptHoldoffCount == 0 && !HistoricSnapshotActive() && MayFail();
}

bool RunInSubtransaction(const Guarded& how, GuardedBody body, void* argument, ErrorData** error) {
    if (!MayUseSubtransaction()) {
        Refuse(error);
        return false;
    }
    Saved saved;
    Save(&saved);
    SaveForAbort(&saved);
    const bool holds_conflicts = !how.is_raised && !are_conflicts_held && RecoveryInProgress();
    if (holds_conflicts && !HoldConflicts()) {
        ReleaseConflicts();
        sigprocmask(SIG_SETMASK, &saved.signals, nullptr);
        Refuse(error);
        return false;
    }
    ErrorContextCallback callback = {nullptr, PassOnFatal, error_context_stack};
    ErrorData* volatile raised = nullptr;
    BeginInternalSubTransaction(nullptr);
    PG_TRY();
    {
        if (!how.is_raised) {
            error_context_stack = &callback;
            saved.is_due = !how.writes && StartDeadline(how.most_ms);
        }
        Work(how, saved, body, argument);
    }
    PG_CATCH();
    { raised = Undo(saved); }
    PG_END_TRY();
    if (holds_conflicts) {
        ReleaseConflicts();
    }
    sigprocmask(SIG_SETMASK, &saved.signals, nullptr);
    RestoreHoldoffs(saved);
    error_context_stack = saved.callbacks;
    CurrentResourceOwner = saved.owner;
    if (!how.is_raised) {
        GiveBackRequests(saved, raised);
    }
    if (raised != nullptr) {
        HandOver(raised, error);
    }
    return raised == nullptr;
}

void LetConflictsIn() {
    if (had_held_conflicts) {
        had_held_conflicts = false;
        CHECK_FOR_INTERRUPTS();
    }
}

bool RunInMemory(GuardedBody body, void* argument, ErrorData** error) {
    if (!MayFail()) {
        Refuse(error);
        return false;
    }
    Saved saved;
    Save(&saved);
    const int client_level = client_min_messages;
    const int log_level = LogMinMessages();
    ErrorContextCallback callback = {nullptr, PassOnFatal, error_context_stack};
    ErrorData* volatile raised = nullptr;
    PG_TRY();
    {
        ExitOnAnyError = false;
        client_min_messages = ERROR;
        LogMinMessages() = ERROR;
        error_context_stack = &callback;
        body(argument);
    }
    PG_CATCH();
    {
        RestoreHoldoffs(saved);
        raised = CopyErrorData();
        FlushErrorState();
    }
    PG_END_TRY();
    client_min_messages = client_level;
    LogMinMessages() = log_level;
    RestoreHoldoffs(saved);
    error_context_stack = saved.callbacks;
    if (raised != nullptr) {
        HandOver(raised, error);
    }
    return raised == nullptr;
}

}  // namespace elile::pg
