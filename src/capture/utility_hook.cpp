#include "capture/hooks.hpp"
#include "capture/n_plus_one.hpp"
#include "capture/phase.hpp"
#include "capture/running.hpp"
#include "core/statements/store.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

ProcessUtility_hook_type next_ProcessUtility = nullptr;

struct UtilityCall {
    PlannedStmt* statement;
    const char* source;
    bool read_only_tree;
    ProcessUtilityContext context;
    ParamListInfo parameters;
    QueryEnvironment* environment;
    DestReceiver* destination;
    QueryCompletion* completion;
};

void Run(const UtilityCall& call) {
    next_ProcessUtility(call.statement, call.source, call.read_only_tree, call.context,
                        call.parameters, call.environment, call.destination, call.completion);
}

// Whether the command's completion reports rows that the statement has returned or written. MOVE
// returns none of those that it passes over.
bool ReportsRows(CommandTag tag) {
    switch (tag) {
        case CMDTAG_COPY:
        case CMDTAG_FETCH:
        case CMDTAG_SELECT:
        case CMDTAG_SELECT_INTO:
        case CMDTAG_CREATE_TABLE_AS:
        case CMDTAG_REFRESH_MATERIALIZED_VIEW:
            return true;
        default:
            return false;
    }
}

bool IsCounted(bool nested) {
    core::StatementStore* store = store::SharedStore();
    if (!pg::Settings::track_utility || !pg::IsTracked(nested) || IsParallelWorker() ||
        store == nullptr) {
        return false;
    }
    if (!store->IsReady()) {
        store->CountNotReady();
        return false;
    }
    return true;
}

// The entry is made before the statement runs, whose tree and text may be gone afterwards
// (ROLLBACK, DEALLOCATE).
void RunCounted(const UtilityCall& call, bool nested) {
    QueryCompletion own_completion;
    UtilityCall inner = call;
    if (inner.completion == nullptr) {
        InitializeQueryCompletion(&own_completion);
        inner.completion = &own_completion;
    }
    const EnteredPhase before = EnterPhase(core::Phase::kUtility);
    Execution execution;
    BeginUtility(&execution, *call.statement, call.source, !nested);
    StartRunning(&execution);
    PG_TRY();
    { Run(inner); }
    PG_CATCH();
    {
        CountFailedUtility(&execution);
        PG_RE_THROW();
    }
    PG_END_TRY();
    LeaveUtility(before);
    StopRunning(&execution);
    execution.rows = ReportsRows(inner.completion->commandTag) ? inner.completion->nprocessed : 0;
    Count(&execution, 0);
}

void RunNested(const UtilityCall& call) {
    const bool nested = IsNested(*call.statement, call.source);
    if (!nested && EndsLoop(*call.statement->utilityStmt)) {
        EndLoop(call.statement->utilityStmt);
    }
    if (IsCounted(nested)) {
        RunCounted(call, nested);
    } else {
        const EnteredPhase before = EnterPhase(core::Phase::kUtility);
        CallNested([&call] { Run(call); });
        LeaveUtility(before);
        if (!nested) {
            NoteUncountedEnd();
        }
    }
}

void RunSeen(PlannedStmt* statement, const char* source, bool read_only_tree,
             ProcessUtilityContext context, ParamListInfo parameters, QueryEnvironment* environment,
             DestReceiver* destination, QueryCompletion* completion) {
    RunNested({statement, source, read_only_tree, context, parameters, environment, destination,
               completion});
}

// EXECUTE counts as the statement that it executes, so it is only passed on.
void OnProcessUtility(PlannedStmt* statement, const char* source, bool read_only_tree,
                      ProcessUtilityContext context, ParamListInfo parameters,
                      QueryEnvironment* environment, DestReceiver* destination,
                      QueryCompletion* completion) {
    pg::SettleThreshold();
    const bool is_seen = !IsA(statement->utilityStmt, ExecuteStmt) &&
                         static_cast<pg::Track>(pg::Settings::track) != pg::Track::kNone;
    (is_seen ? RunSeen : next_ProcessUtility)(statement, source, read_only_tree, context,
                                              parameters, environment, destination, completion);
}

}  // namespace

void InstallUtilityHook() {
    Chain(ProcessUtility_hook, OnProcessUtility, next_ProcessUtility, standard_ProcessUtility);
}

}  // namespace elile::capture
