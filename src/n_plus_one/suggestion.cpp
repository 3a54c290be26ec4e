#include "n_plus_one/suggestion.hpp"

#include <algorithm>
#include <cmath>

#include "core/n_plus_one/table.hpp"
#include "n_plus_one/rewrite.hpp"
#include "pg/guard.hpp"
#include "pg/plan_compat.hpp"

namespace elile::n_plus_one {
namespace {

// The cost of more keys is taken in proportion.
constexpr double kMostPlannedKeys = 1000;
constexpr int kMostTries = 64;  // tries at finding a statement's types

constexpr char kOrmsForMany[] =
    "-- SQLAlchemy: selectinload() or joinedload(); Django: prefetch_related(); Rails: includes; "
    "Hibernate: join fetch or @BatchSize; Prisma: include; GORM: Preload";
constexpr char kOrmsForOne[] =
    "-- SQLAlchemy: joinedload() or selectinload(); Django: select_related(); Rails: includes; "
    "Hibernate: join fetch or @BatchSize; Prisma: include; GORM: Preload";

const char* KeyNumbers(const KeySet& keys) {
    StringInfoData numbers;
    initStringInfo(&numbers);
    for (int at = 0; at < keys.count; ++at) {
        appendStringInfo(&numbers, "%s$%d", at > 0 ? ", " : "", keys.of[at].parameter);
    }
    return numbers.data;
}

// An SQL comment ends with its line, so the text must have no second one.
const char* OnOneLine(const char* text) {
    char* line = pstrdup(text);
    for (char* at = line; *at != '\0'; ++at) {
        *at = *at == '\n' || *at == '\r' ? ' ' : *at;
    }
    return line;
}

void AppendAtOnce(StringInfo text, const Rewrites& rewrites) {
    const KeySet& keys = rewrites.keys;
    if (rewrites.at_once == nullptr) {
        appendStringInfo(text, "-- nothing for all keys at once: %s\n", rewrites.obstacle);
        return;
    }
    if (rewrites.obstacle == nullptr) {
        appendStringInfo(
            text, "-- once, with all keys in the list $%d%s\n%s;\n", keys.of[0].parameter,
            rewrites.limit_dropped ? "; each has one row at most, so without LIMIT" : "",
            rewrites.at_once);
    } else {
        appendStringInfo(text,
                         "-- not with = any: %s; once for each key, in one round trip, with "
                         "the keys in %s %s\n%s;\n",
                         rewrites.obstacle, keys.count == 1 ? "the list" : "the lists",
                         KeyNumbers(keys), rewrites.at_once);
    }
}

void AppendJoined(StringInfo text, const Rewrites& rewrites) {
    appendStringInfoString(text, "-- or with its parent, in one statement");
    int place = rewrites.parent.parameters;
    for (int number = 1; number <= rewrites.child.parameters; ++number) {
        if (rewrites.keys.Find(number) == nullptr && rewrites.child.UsesOf(number) > 0) {
            appendStringInfo(text, "; $%d is the child's $%d", ++place, number);
        }
    }
    appendStringInfo(text, "\n%s;\n", rewrites.joined);
}

// Leaves out a part that does not fit.
void AppendIfRoom(StringInfo text, const StringInfoData& part) {
    if (static_cast<Size>(text->len) + static_cast<Size>(part.len) <= core::kMaxSuggestionBytes) {
        appendBinaryStringInfo(text, part.data, part.len);
    }
}

const char* Describe(const Rewrites& rewrites) {
    if (rewrites.refusal != nullptr) {
        return psprintf("-- nothing to suggest: %s\n%s", rewrites.refusal, kOrmsForMany);
    }
    StringInfoData part;
    initStringInfo(&part);
    StringInfoData text;
    initStringInfo(&text);
    if (rewrites.keys.some_stay) {
        appendStringInfo(&text, "-- %s changes; other parameters are taken to stay the same\n",
                         KeyNumbers(rewrites.keys));
    }
    if (rewrites.plain_child != nullptr) {
        appendStringInfo(&part, "-- of the child with its key as one value: %s\n",
                         OnOneLine(rewrites.plain_child));
    }
    AppendAtOnce(&part, rewrites);
    AppendIfRoom(&text, part);
    if (rewrites.joined != nullptr) {
        resetStringInfo(&part);
        AppendJoined(&part, rewrites);
        AppendIfRoom(&text, part);
    }
    resetStringInfo(&part);
    const Key& key = rewrites.keys.of[0];
    const bool to_one = key.column != nullptr && IsOfOneRow(rewrites.child, key);
    appendStringInfoString(&part, to_one ? kOrmsForOne : kOrmsForMany);
    AppendIfRoom(&text, part);
    return text.data;
}

// Plans and executes nothing. The query has no identifier, so nobody counts it.
double CostOf(const Statement& statement) {
    auto* query = static_cast<Query*>(copyObjectImpl(statement.query));
    const List* rewritten = pg_rewrite_query(query);
    if (list_length(rewritten) != 1) {
        elog(ERROR, "no single query to plan");
    }
    const PlannedStmt* plan = pg::PlanQuery(linitial_node(Query, rewritten), statement.text,
                                            CURSOR_OPT_PARALLEL_OK, nullptr);
    return plan->planTree->total_cost;
}

void PlanBoth(const Rewrites& rewrites, double runs, Suggestion* suggestion) {
    const double keys = std::clamp(std::round(runs), 1.0, kMostPlannedKeys);
    Statement lists;
    const char* text = WithListsOf(rewrites, static_cast<int>(keys));
    if (text == nullptr || Analyse({text, 0, 0}, &lists) != nullptr) {
        return;
    }
    const double before = CostOf(rewrites.child) * runs;
    const double after = CostOf(lists) * std::max(1.0, runs / keys);
    suggestion->cost_before = before;
    suggestion->cost_after = after;
    suggestion->evidence = core::Evidence::kPlanned;
}

// Whether another try may succeed: this one met a lock, a cancel, a time-out or a lack of room.
bool IsPassing(int sqlstate) {
    switch (ERRCODE_TO_CATEGORY(sqlstate)) {
        case ERRCODE_TO_CATEGORY(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE):
        case ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION):
        case ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK):
        case ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES):
            return true;
        default:
            return false;
    }
}

// Keeps what follows from waiting for a lock and from sending the client a notice. To be called in
// a subtransaction, whose end undoes it.
void BeDiscreet() {
    const auto set = [](const char* name, const char* value) {
        set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    };
    set("lock_timeout", "1ms");
    set("client_min_messages", "error");
    set("log_min_messages", "error");
}

bool RewriteQuietly(const Known& parent, const Known& child, uint64 changing, Rewrites* rewrites,
                    ErrorData** error) {
    return pg::InSubtransaction(
        {GetUserId()},
        [&] {
            BeDiscreet();
            *rewrites = Rewrite(parent, child, changing);
        },
        error);
}

}  // namespace

Suggestion Suggest(const Pattern& pattern, double runs) {
    const Known parent = {pattern.parent, pattern.parent_queryid, kMostTries};
    const Known child = {pattern.child, pattern.child_queryid, kMostTries};
    Suggestion suggestion = {nullptr, core::Evidence::kNotVerified, 0, 0};
    Rewrites rewrites = {};
    ErrorData* error = nullptr;
    // A fault of the parent does not keep the child from being rewritten alone.
    if (!RewriteQuietly(parent, child, pattern.changing, &rewrites, &error) &&
        (parent.text == nullptr || IsPassing(error->sqlerrcode) ||
         !RewriteQuietly({nullptr, 0, 0}, child, pattern.changing, &rewrites, &error))) {
        suggestion.text = IsPassing(error->sqlerrcode) ? nullptr
                                                       : psprintf("-- nothing to suggest: %s\n%s",
                                                                  error->message, kOrmsForMany);
        return suggestion;
    }
    pg::InSubtransaction({GetUserId()}, [&] {
        BeDiscreet();
        suggestion.text = Describe(rewrites);
        if (rewrites.at_once != nullptr && rewrites.child.is_known) {
            PlanBoth(rewrites, runs, &suggestion);
        }
    });
    return suggestion;
}

}  // namespace elile::n_plus_one
