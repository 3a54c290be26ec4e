#include "capture/failed_copy.hpp"

#include "capture/plan_tree.hpp"
#include "capture/slow_details.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

using core::LostPlan;
using store::WaitingRun;
using store::WaitingRuns;

constexpr int kMostNodes = 2000;
constexpr int kMostCopies = 16;         // one error may pass as many nested statements
constexpr Size kLongestSource = 60000;  // bytes; fits in one block with its terminating zero
constexpr int kMostTypes = 64;          // a power of two

FailedCopy copies[kMostCopies];
int copy_count = 0;
const char* session_stack = nullptr;  // where the session's first statement began

// How values of a type lie in memory.
struct KnownType {
    Oid type;
    int16 length;
    bool by_value;
};

KnownType known_types[kMostTypes];

KnownType& PlaceOf(Oid type) { return known_types[type % kMostTypes]; }

bool IsOf(const FailedCopy& copy, const Execution& execution) {
    return copy.owner == &execution && copy.owner_began_ns == FirstRunNs(execution);
}

void Release(FailedCopy& copy) {
    if (copy.run != nullptr) {
        WaitingRuns::Release(copy.run);
    }
    copy = copies[--copy_count];
}

bool IsRunningStill(const FailedCopy& copy) {
    const Execution* execution = running;
    while (execution != nullptr && !IsOf(copy, *execution)) {
        execution = execution->outer;
    }
    return execution != nullptr;
}

// Releases copies of executions that ended without TakeCopy().
void ReleaseStaleCopies() {
    for (int at = copy_count; at-- > 0;) {
        if (!IsRunningStill(copies[at])) {
            Release(copies[at]);
        }
    }
}

FailedCopy* FindCopy(const Execution& execution) {
    for (int at = 0; at < copy_count; ++at) {
        if (IsOf(copies[at], execution)) {
            return &copies[at];
        }
    }
    return nullptr;
}

// Returns null when the plan can be copied. Others would take too long, or only the statement's own
// session can read them.
const LostPlan* WhyNotCopied(const PlannedStmt& plan) {
    static constexpr LostPlan too_large = LostPlan::kTooLarge;
    static constexpr LostPlan transition = LostPlan::kTransitionTable;
    static constexpr LostPlan foreign = LostPlan::kForeignNode;
    if (CountNodes(plan, kMostNodes) >= kMostNodes) {
        return &too_large;
    }
    ListCell* cell = nullptr;
    foreach (cell, plan.rtable) {
        const auto* entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind == RTE_NAMEDTUPLESTORE) {
            return &transition;
        }
        if (entry->rtekind == RTE_RELATION && entry->relkind == RELKIND_FOREIGN_TABLE) {
            return &foreign;
        }
    }
    return HasForeignNode(plan) ? &foreign : nullptr;
}

// An expanded datum can't be copied by memory alone: its type's code would have to flatten it.
bool IsPlain(const ParamExternData& parameter, const KnownType& type) {
    return parameter.isnull || type.by_value || type.length != -1 ||
           !VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(parameter.value));
}

bool AreKnown(const ParamListInfoData& parameters) {
    for (int at = 0; at < parameters.numParams; ++at) {
        const ParamExternData& parameter = parameters.params[at];
        const KnownType& type = PlaceOf(parameter.ptype);
        if (OidIsValid(parameter.ptype) &&
            (type.type != parameter.ptype || !IsPlain(parameter, type))) {
            return false;
        }
    }
    return true;
}

// Returns null when one of the values can't be copied here.
ParamListInfo CopyParameters(const ParamListInfoData& parameters) {
    if (parameters.paramFetch != nullptr || !AreKnown(parameters)) {
        return nullptr;
    }
    const auto count = static_cast<Size>(parameters.numParams);
    auto* copy = static_cast<ParamListInfo>(
        palloc0(offsetof(ParamListInfoData, params) + count * sizeof(ParamExternData)));
    copy->numParams = parameters.numParams;
    for (int at = 0; at < parameters.numParams; ++at) {
        ParamExternData& parameter = copy->params[at];
        parameter = parameters.params[at];
        if (OidIsValid(parameter.ptype) && !parameter.isnull) {
            const KnownType& type = PlaceOf(parameter.ptype);
            parameter.value = datumCopy(parameter.value, type.by_value, type.length);
        }
    }
    return copy;
}

void CopySource(WaitingRun* run, const QueryDesc& query) {
    const PlannedStmt& plan = *query.plannedstmt;
    const int location = Max(plan.stmt_location, 0);
    const char* begin = query.sourceText + location;
    const Size length =
        plan.stmt_len > 0 ? static_cast<Size>(plan.stmt_len) : strnlen(begin, kLongestSource);
    run->source_location = location;
    run->source = length < kLongestSource ? pnstrdup(begin, length) : "";
}

// Allocates in the current memory context, which is the run's blocks.
void CopyQuery(WaitingRun* run, const QueryDesc& query, bool with_plan) {
    run->search_path = pstrdup(namespace_search_path);
    CopySource(run, query);
    if (run->keeps_parameters && query.params != nullptr) {
        run->parameters = CopyParameters(*query.params);
    }
    if (with_plan) {
        run->plan = static_cast<PlannedStmt*>(copyObjectImpl(query.plannedstmt));
    }
}

LostPlan ReasonOf(pg::Outcome outcome, const WaitingRun& run) {
    if (outcome == pg::Outcome::kNoStack) {
        return LostPlan::kUnsafe;
    }
    return run.found_no_block ? LostPlan::kNoRoom : LostPlan::kTooLarge;
}

// Sets the copy's run, or the reason why there is none.
void CopyInto(FailedCopy& copy, const QueryDesc& query, bool with_plan, bool keeps_parameters) {
    copy.run = WaitingRuns::Take();
    if (copy.run == nullptr) {
        copy.reason = LostPlan::kNoRoom;
        return;
    }
    copy.run->keeps_parameters = keeps_parameters;
    copy.run->hides = copy.hides;
    copy.run->shares = copy.shares;
    copy.run->format = pg::FormatOfSession();
    const pg::Outcome outcome = pg::InBoundedMemory(WaitingRuns::NextBlock, copy.run, session_stack,
                                                    [&] { CopyQuery(copy.run, query, with_plan); });
    if (outcome != pg::Outcome::kDone) {
        copy.reason = ReasonOf(outcome, *copy.run);
        WaitingRuns::Release(copy.run);
        copy.run = nullptr;
    }
}

bool HasStackForWalks() {
    constexpr long kReserve = 512 * 1024;
    const auto* here = static_cast<const char*>(__builtin_frame_address(0));
    return !stack_is_too_deep() && labs(session_stack - here) + kReserve < max_stack_depth * 1024L;
}

}  // namespace

void CopyForFailure(const Execution& execution) {
    const bool keeps_plan = pg::KeepsPlans();
    const bool keeps_parameters = pg::KeepsParameters();
    if (execution.query == nullptr || !(keeps_plan || keeps_parameters) ||
        FindCopy(execution) != nullptr) {
        return;
    }
    ReleaseStaleCopies();
    if (copy_count == kMostCopies) {
        return;
    }
    const QueryDesc& query = *execution.query;
    const PlannedStmt& plan = *query.plannedstmt;
    FailedCopy& copy = copies[copy_count++];
    copy = {};
    copy.owner = &execution;
    copy.owner_began_ns = FirstRunNs(execution);
    copy.hides = !keeps_parameters;
    copy.shares = !keeps_parameters;
    copy.reason = LostPlan::kUnsafe;
    if (CritSectionCount != 0 || !HasStackForWalks()) {
        return;
    }
    bool with_plan = keeps_plan;
    if (keeps_plan) {
        const LostPlan* reason = WhyNotCopied(plan);
        copy.plan_id = IdentifyPlan(query.plannedstmt);
        copy.reason = reason != nullptr ? *reason : LostPlan::kError;
        copy.is_known = copy.shares && HasPlanText(execution.statement, copy.plan_id);
        copy.is_shared = reason == nullptr && copy.shares && !copy.is_known &&
                         WaitingRuns::Share(execution.statement, copy.plan_id);
        with_plan = reason == nullptr && !copy.is_known && !copy.is_shared;
    }
    if (with_plan || keeps_parameters) {
        CopyInto(copy, query, with_plan, keeps_parameters);
    }
}

void NoteStack() { session_stack = static_cast<const char*>(__builtin_frame_address(0)); }

void NoteTypesOf(ParamListInfo parameters) {
    if (parameters == nullptr || parameters->paramFetch != nullptr) {
        return;
    }
    for (int at = 0; at < parameters->numParams; ++at) {
        const Oid type = parameters->params[at].ptype;
        KnownType& known = PlaceOf(type);
        if (OidIsValid(type) && known.type != type) {
            known.type = InvalidOid;
            get_typlenbyval(type, &known.length, &known.by_value);
            known.type = type;
        }
    }
}

bool TakeCopy(const Execution& execution, FailedCopy* copy) {
    FailedCopy* found = FindCopy(execution);
    if (found == nullptr) {
        return false;
    }
    *copy = *found;
    *found = copies[--copy_count];
    return true;
}

void ReleaseCopies() {
    while (copy_count > 0) {
        Release(copies[copy_count - 1]);
    }
}

}  // namespace elile::capture
