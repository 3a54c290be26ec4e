#include "capture/plan_text.hpp"

#include "capture/plan_tree.hpp"
#include "capture/query_text.hpp"
#include "pg/compat.hpp"
#include "pg/explain_options.hpp"
#include "pg/plan_compat.hpp"
#include "pg/settings.hpp"

namespace elile::capture {
namespace {

char* Explain(QueryDesc* query, bool hides, bool extended) {
    ExplainState* state = NewExplainState();
    const bool has_options = extended && pg::ApplyExtensionOptions(state, hides);
    const int collected = query->planstate->instrument != nullptr ? query->instrument_options : 0;
    state->analyze = collected != 0;
    state->timing = (collected & INSTRUMENT_TIMER) != 0;
    state->buffers = (collected & INSTRUMENT_BUFFERS) != 0;
    state->wal = (collected & INSTRUMENT_WAL) != 0;
    pg::ShowReadsAhead(state, collected);
    ExplainBeginOutput(state);
    ExplainPrintPlan(state, query);
    if (state->analyze) {
        ExplainPrintTriggers(state, query);
        ExplainPrintJITSummary(state, query);
    }
    if (has_options) {
        pg::PrintBelowPlan(state, *query, hides);
    }
    ExplainEndOutput(state);
    StringInfo text = state->str;
    while (text->len > 0 && text->data[text->len - 1] == '\n') {
        text->data[--text->len] = '\0';
    }
    return text->data;
}

// Literals that the planner computed, or that a view brought, get numbers above those of the text.
void NumberLiterals(HiddenLiterals* hidden, const Values& values, int location_of_source) {
    int beyond = values.highest;
    hidden->Number([&](int location) {
        const int number = values.NumberAt(location - location_of_source);
        return number != 0 ? number : ++beyond;
    });
}

}  // namespace

void CheckNames(const PlannedStmt& plan, int most_ms) {
    constexpr uint64 kComparisonsInMs = 200000;
    const uint64 most = kComparisonsInMs * static_cast<uint64>(most_ms);
    uint64 comparisons = 0;
    ListCell* cell = nullptr;
    foreach (cell, plan.rtable) {
        const auto* entry = lfirst_node(RangeTblEntry, cell);
        const auto columns =
            static_cast<uint64>(entry->eref != nullptr ? list_length(entry->eref->colnames) : 0);
        comparisons += pg::kColumnNamesAreHashed ? columns : columns * columns / 2;
        if (comparisons > most) {
            ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                            errmsg("its tables and joins have too many columns")));
        }
    }
}

const char* ExplainPlan(QueryDesc* query, bool hides, bool extended) {
    if (!hides) {
        return Explain(query, hides, extended);
    }
    HiddenLiterals literals;
    const char* text = nullptr;
    PG_TRY();
    {
        literals.Hide(*query->plannedstmt);
        const PlannedStmt& plan = *query->plannedstmt;
        NumberLiterals(&literals, FindValues(query->sourceText, plan.stmt_location, plan.stmt_len),
                       0);
        text = Explain(query, hides, extended);
    }
    PG_FINALLY();
    { literals.Show(); }
    PG_END_TRY();
    return text;
}

const char* ExplainCopiedPlan(PlannedStmt* plan, const char* source, int location, bool hides) {
    pg::AskForNoRights(*plan);
    ForgetPruning(*plan);
    plan->jitFlags = PGJIT_NONE;  // ExecutorStart would compile
    if (hides) {
        HiddenLiterals literals;
        literals.Hide(*plan);
        NumberLiterals(&literals, FindValues(source, 0, 0), location);
    }
    QueryDesc* query = CreateQueryDesc(plan, source, GetActiveSnapshot(), InvalidSnapshot,
                                       None_Receiver, nullptr, nullptr, 0);
    // This goes past the hooks, for it is no user's statement.
    standard_ExecutorStart(query, EXEC_FLAG_EXPLAIN_ONLY);
    const char* text = Explain(query, hides, false);
    standard_ExecutorEnd(query);
    FreeQueryDesc(query);
    return text;
}

const char* CutPlan(const char* text) {
    const Size most = static_cast<Size>(pg::Settings::log_plan_max_length);
    const Size length = strlen(text);
    if (length <= most) {
        return text;
    }
    Size kept = most;
    while (kept > 0 && text[kept] != '\n') {
        --kept;
    }
    if (kept == 0) {
        kept =
            static_cast<Size>(pg_mbcliplen(text, static_cast<int>(length), static_cast<int>(most)));
    }
    return psprintf("%.*s\n(%zu more bytes were cut)", static_cast<int>(kept), text, length - kept);
}

}  // namespace elile::capture
