#include "pg/explain_options.hpp"

#include "core/statements/explain_options.hpp"

namespace elile::pg {
namespace {

const core::ExplainOptions* options_now = nullptr;  // null: none

// Returns memory for the parsed options, which the server will free.
core::ExplainOptions* TakeParsed() {
#if PG_VERSION_NUM >= 160000
    return static_cast<core::ExplainOptions*>(guc_malloc(LOG, sizeof(core::ExplainOptions)));
#else
    return static_cast<core::ExplainOptions*>(malloc(sizeof(core::ExplainOptions)));
#endif
}

#if PG_VERSION_NUM >= 180000
// These options of pg_overexplain and pg_plan_advice print only names, numbers and flags of the
// plan.
bool PrintsNoLiteral(const char* name) {
    return strcmp(name, "debug") == 0 || strcmp(name, "range_table") == 0 ||
           strcmp(name, "plan_advice") == 0;
}

Node* ValueOf(const core::ExplainOptions& options, const core::ExplainOption& option) {
    const char* value = options.ValueOf(option);
    switch (option.kind) {
        case core::OptionValue::kNone:
            return nullptr;
        case core::OptionValue::kInteger:
            return reinterpret_cast<Node*>(makeInteger(pg_strtoint32(value)));
        case core::OptionValue::kFloat:
            return reinterpret_cast<Node*>(makeFloat(pstrdup(value)));
        case core::OptionValue::kString:
            break;
    }
    return reinterpret_cast<Node*>(makeString(pstrdup(value)));
}

// Returns false when no loaded library has the option. Its handler may raise an error.
bool Apply(ExplainState* state, const core::ExplainOptions& options,
           const core::ExplainOption& option) {
    DefElem* element = makeNode(DefElem);
    element->defname = pstrdup(options.NameOf(option));
    element->arg = ValueOf(options, option);
    element->location = -1;
    return ApplyExtensionExplainOption(state, element, nullptr);
}

// Checks the options as EXPLAIN would.
bool AreKnown(const core::ExplainOptions& options) {
    ExplainState* state = NewExplainState();
    for (int at = 0; at < options.count; ++at) {
        const core::ExplainOption& option = options.options[at];
        if (!Apply(state, options, option)) {
            GUC_check_errdetail("No library that is loaded has an EXPLAIN option \"%s\".",
                                options.NameOf(option));
            return false;
        }
    }
    return true;
}
#endif

// An option that a session sets must be known at once. Configuration is read before libraries are
// loaded, and a role's settings before its own libraries. Options from there may wait for their
// library.
bool AreAccepted([[maybe_unused]] const core::ExplainOptions& options,
                 [[maybe_unused]] GucSource source) {
#if PG_VERSION_NUM >= 180000
    return source != PGC_S_SESSION || !IsTransactionState() || AreKnown(options);
#else
    GUC_check_errdetail("EXPLAIN has no options of extensions before PostgreSQL 18.");
    return false;
#endif
}

}  // namespace

bool CheckExtensionOptions(char** list, void** parsed, GucSource source) {
    core::ExplainOptions options;
    const char* error = core::ParseExplainOptions(*list != nullptr ? *list : "", options);
    if (error != nullptr) {
        GUC_check_errdetail("%s", error);
        return false;
    }
    if (options.count == 0) {
        return true;
    }
    if (!AreAccepted(options, source)) {
        return false;
    }
    core::ExplainOptions* copy = TakeParsed();
    if (copy == nullptr) {
        return false;
    }
    *copy = options;
    *parsed = copy;
    return true;
}

void AssignExtensionOptions(const char*, void* parsed) {
    options_now = static_cast<const core::ExplainOptions*>(parsed);
}

bool HasExtensionOptions() { return options_now != nullptr; }

bool ApplyExtensionOptions([[maybe_unused]] ExplainState* state, [[maybe_unused]] bool hides) {
    bool are_any = false;
#if PG_VERSION_NUM >= 180000
    for (int at = 0; options_now != nullptr && at < options_now->count; ++at) {
        const core::ExplainOption& option = options_now->options[at];
        if (!hides || PrintsNoLiteral(options_now->NameOf(option))) {
            are_any = Apply(state, *options_now, option) || are_any;
        }
    }
#endif
    return are_any;
}

void PrintBelowPlan([[maybe_unused]] ExplainState* state, [[maybe_unused]] const QueryDesc& query,
                    [[maybe_unused]] bool hides) {
#if PG_VERSION_NUM >= 180000
    if (explain_per_plan_hook != nullptr) {
        explain_per_plan_hook(query.plannedstmt, nullptr, state, hides ? "" : query.sourceText,
                              hides ? nullptr : query.params, query.queryEnv);
    }
#endif
}

}  // namespace elile::pg
