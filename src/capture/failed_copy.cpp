#include "capture/failed_copy.hpp"

#include "capture/plan_text.hpp"
#include "capture/plan_tree.hpp"
#include "capture/slow_details.hpp"
#include "capture/slow_log.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

constexpr int kMostNodes = 2000;
constexpr Size kLongestSource = 65536;  // bytes
constexpr int kMostPending = 64;        // of a transaction: a loop may catch any number of errors
constexpr int kMostMs = 100;            // for writing down one
constexpr long kStackReserve = 512 * 1024;

FailedCopy* copies = nullptr;   // of what runs
FailedCopy* pending = nullptr;  // of what has failed
int pending_count = 0;
bool is_watching = false;
const char* session_stack = nullptr;  // where the session's first statement began

// An error raised while an error is being reported would destroy the one reported. So nothing here
// may run out of stack; out of memory is all that is left, and it is not tried where memory is what
// the error is about.
bool IsSafeToCopy(const PlannedStmt& plan) {
    const auto* here = static_cast<const char*>(__builtin_frame_address(0));
    const long depth = labs(session_stack - here);
    const int sqlstate = geterrcode();
    return CritSectionCount == 0 && sqlstate != ERRCODE_OUT_OF_MEMORY &&
           sqlstate != ERRCODE_STATEMENT_TOO_COMPLEX && !stack_is_too_deep() &&
           depth + kStackReserve < max_stack_depth * 1024L && !HasCustomNode(plan) &&
           CountNodes(plan, kMostNodes) < kMostNodes;
}

bool IsOf(const FailedCopy& copy, const Execution& execution) {
    return copy.owner == &execution && copy.owner_began_ns == FirstRunNs(execution);
}

// Those whose execution has ended otherwise.
void DropStaleCopies() {
    FailedCopy** link = &copies;
    while (*link != nullptr) {
        FailedCopy* copy = *link;
        const Execution* execution = running;
        while (execution != nullptr && !IsOf(*copy, *execution)) {
            execution = execution->outer;
        }
        if (execution == nullptr) {
            *link = copy->next;
            DropCopy(copy);
        } else {
            link = &copy->next;
        }
    }
}

bool HasCopy(const Execution& execution) {
    for (const FailedCopy* copy = copies; copy != nullptr; copy = copy->next) {
        if (IsOf(*copy, execution)) {
            return true;
        }
    }
    return false;
}

void WriteDown(FailedCopy* copy) {
    core::StatementStore* store = store::SharedStore();
    core::SlowDetails details{copy->run.plan_id, 0, 0};
    SlowText text;
    if (copy->run.plan_id != 0) {
        KeepPlan(
            copy->run,
            [copy](bool hides) { return ExplainCopiedPlan(copy->plan, copy->source, hides); },
            &text, &details);
    }
    if (copy->keeps_parameters) {
        KeepParameters(kMostMs, copy->run.statement.key.userid, copy->parameters, copy->source,
                       copy->plan->stmt_location, copy->plan->stmt_len, &text, &details);
    }
    store->Parts().ring.Attach(copy->record.id, details);
    WriteLogLine(copy->record, text);
    store->Parts().texts.Release(copy->record.text);
    DropCopy(copy);
}

void WriteDownPending() {
    while (pending != nullptr) {
        FailedCopy* copy = pending;
        pending = copy->next;
        --pending_count;
        MemoryContext caller = MemoryContextSwitchTo(copy->context);
        WriteDown(copy);
        MemoryContextSwitchTo(caller);
    }
}

void OnTransaction(XactEvent event, void*) {
    if (event == XACT_EVENT_PRE_COMMIT) {
        WriteDownPending();
    }
}

}  // namespace

void CopyForFailure(const Execution& execution) {
    const bool keeps_plan = pg::KeepsPlans();
    const bool keeps_parameters = pg::KeepsParameters();
    if (execution.query == nullptr || !(keeps_plan || keeps_parameters) || HasCopy(execution)) {
        return;
    }
    DropStaleCopies();
    const QueryDesc& query = *execution.query;
    if (!IsSafeToCopy(*query.plannedstmt)) {
        return;
    }
    MemoryContext context = AllocSetContextCreate(
        TopMemoryContext, "elile_optimize failed statement", ALLOCSET_SMALL_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    auto* copy = static_cast<FailedCopy*>(palloc0(sizeof(FailedCopy)));
    copy->context = context;
    copy->owner = &execution;
    copy->owner_began_ns = FirstRunNs(execution);
    copy->plan = static_cast<PlannedStmt*>(copyObjectImpl(query.plannedstmt));
    if (strlen(query.sourceText) < kLongestSource) {
        copy->source = pstrdup(query.sourceText);
    } else {
        copy->source = "";
        copy->plan->stmt_location = 0;
        copy->plan->stmt_len = 0;
    }
    copy->keeps_parameters = keeps_parameters;
    if (keeps_parameters && query.params != nullptr && query.params->paramFetch == nullptr) {
        copy->parameters = copyParamList(query.params);
    }
    const uint64 plan_id = keeps_plan ? PlanIdOf(*copy->plan) : 0;
    copy->run = {execution.statement, plan_id, !keeps_parameters, !keeps_parameters, kMostMs};
    copy->next = copies;
    copies = copy;
    MemoryContextSwitchTo(caller);
}

void NoteStack() { session_stack = static_cast<const char*>(__builtin_frame_address(0)); }

FailedCopy* TakeCopy(const Execution& execution) {
    for (FailedCopy** link = &copies; *link != nullptr; link = &(*link)->next) {
        FailedCopy* copy = *link;
        if (IsOf(*copy, execution)) {
            *link = copy->next;
            return copy;
        }
    }
    return nullptr;
}

void DropCopy(FailedCopy* copy) {
    if (copy != nullptr) {
        MemoryContextDelete(copy->context);
    }
}

bool WriteDownLater(FailedCopy* copy, const core::SlowRecord& record) {
    if (pending_count == kMostPending) {
        core::Add(store::SharedStore()->Parts().header->plans_lost, 1);
        return false;
    }
    copy->record = record;
    copy->next = pending;
    pending = copy;
    ++pending_count;
    if (!is_watching) {
        RegisterXactCallback(OnTransaction, nullptr);
        is_watching = true;
    }
    AskForTransaction();
    return true;
}

void AskForTransaction() {
    if (pending != nullptr) {
        HandleCatchupInterrupt();
    }
}

void WriteDownAtExit() {
    if (pending != nullptr) {
        AbortOutOfAnyTransaction();
        StartTransactionCommand();
        CommitTransactionCommand();
    }
}

}  // namespace elile::capture
