#include "n_plus_one/verification.hpp"

#include <algorithm>

#include "n_plus_one/key_rows.hpp"
#include "n_plus_one/row_digest.hpp"
#include "pg/clock.hpp"
#include "pg/guard.hpp"

namespace elile::n_plus_one {
namespace {

constexpr int kMostKeys = 10000;
// The first round warms the caches; the faster one counts.
constexpr int kRounds = 2;

TimeoutId timeout_id = MAX_TIMEOUTS;
volatile sig_atomic_t timed_out = 0;

// Runs in a signal handler.
void OnTimeout() {
    timed_out = 1;
    QueryCancelPending = true;
    InterruptPending = true;
    SetLatch(MyLatch);
}

struct Run {
    const Request* request;
    Rewrites rewrites;
    KeyRows keys;
    bool has_parent_rows;
    uint64 parent_ns;
    const char* running;  // what the time-out would interrupt
    Verification result;
};

[[noreturn]] void RaiseMissing(const char* whose, const char* argument, int number) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("no value is given for $%d of the %s", number, whose),
                    errhint("Give %s as an array of texts, the value of $1 first; literals of a "
                            "statement are numbered too.",
                            argument)));
}

// A statement with its parameters, whose values are to be set.
struct Bound {
    ParamListInfo parameters;
    Statement statement;

    void Set(int number, Datum value, bool is_null) const {
        if (number > statement.parameters) {
            return;
        }
        ParamExternData& parameter = parameters->params[number - 1];
        parameter.value = value;
        parameter.isnull = is_null;
    }
    void SetText(int number, const char* text) const {
        if (number <= statement.parameters && OidIsValid(statement.types[number - 1])) {
            Set(number, text != nullptr ? ValueOf(text, statement.types[number - 1]) : 0,
                text == nullptr);
        }
    }
};

Bound Bind(const Statement& statement) {
    Bound bound = {makeParamList(statement.parameters), statement};
    for (int at = 0; at < bound.statement.parameters; ++at) {
        bound.parameters->params[at] = {0, true, PARAM_FLAG_CONST, bound.statement.types[at]};
    }
    return bound;
}

// Executes a statement, parsed and planned each time, as statements are that nobody prepares. It
// runs under the snapshot at hand, so that both forms see the same rows. A statement that would
// write is refused.
void Execute(const Bound& bound, DestReceiver* receiver) {
    SPIExecuteOptions options = {};
    options.params = bound.parameters;
    options.read_only = true;
    options.dest = receiver;
    const int result = SPI_execute_extended(bound.statement.text, &options);
    if (result < 0) {
        elog(ERROR, "could not run: %s", SPI_result_code_string(result));
    }
}

int ColumnsOf(const Statement& statement) {
    int columns = 0;
    ListCell* cell = nullptr;
    foreach (cell, statement.query->targetList) {
        columns += lfirst_node(TargetEntry, cell)->resjunk ? 0 : 1;
    }
    return columns;
}

void SetParentParameters(const Run& run, const Bound& bound) {
    const Statement& parent = run.rewrites.parent;
    const Texts& given = run.request->parent_parameters;
    for (int number = 1; number <= parent.parameters; ++number) {
        if (parent.UsesOf(number) > 0 && number > given.count) {
            RaiseMissing("parent", "parent_parameters", number);
        }
        bound.SetText(number, number <= given.count ? given.of[number - 1] : nullptr);
    }
}

// Sets the child's parameters that are no keys. `place_of(number)` is the place of the child's
// parameter `number`.
template <typename PlaceOf>
void SetChildParameters(const Run& run, const Bound& bound, PlaceOf place_of) {
    const Rewrites& rewrites = run.rewrites;
    const Texts& given = run.request->child_parameters;
    for (int number = 1; number <= rewrites.child.parameters; ++number) {
        if (rewrites.child.UsesOf(number) > 0 && rewrites.keys.Find(number) == nullptr) {
            if (number > given.count) {
                RaiseMissing("child", "child_parameters", number);
            }
            bound.SetText(place_of(number), given.of[number - 1]);
        }
    }
}

void StartTimer(Run* run, const char* what) {
    run->running = what;
    if (timeout_id == MAX_TIMEOUTS) {
        timeout_id = RegisterTimeout(USER_TIMEOUT, OnTimeout);
    }
    enable_timeout_after(timeout_id, run->request->timeout_ms);
}

void StopTimer() { disable_timeout(timeout_id, false); }

List* GivenKeys(const Run& run) {
    const Texts& given = run.request->keys;
    const int width = run.rewrites.keys.count;
    if (given.count % width != 0) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%d keys are given, but each run of the child takes %d", given.count,
                               width),
                        errhint("Give a two-dimensional array, a row for each run.")));
    }
    List* rows = NIL;
    for (int at = 0; at < given.count; at += width) {
        auto** row = static_cast<const char**>(palloc(sizeof(char*) * static_cast<Size>(width)));
        std::copy(given.of + at, given.of + at + width, row);
        rows = lappend(rows, row);
    }
    return rows;
}

List* RunParent(Run* run) {
    const Bound parent = Bind(run->rewrites.parent);
    SetParentParameters(*run, parent);
    RowTexts texts = {};
    StartTimer(run, "the parent");
    for (int round = 0; round < kRounds; ++round) {
        texts = {run->rewrites.keys.shared,
                 run->rewrites.keys.count,
                 kMostKeys,
                 CurrentMemoryContext,
                 NIL,
                 false};
        const uint64 began = pg::MonotonicNs();
        Execute(parent, MakeTextReceiver(&texts));
        run->parent_ns = std::min(run->parent_ns, pg::MonotonicNs() - began);
    }
    StopTimer();
    if (texts.overflowed) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("the parent returns more than %d rows", kMostKeys),
                        errhint("Give keys, or parent_parameters that select fewer rows.")));
    }
    return texts.rows;
}

void FindKeyValues(Run* run) {
    const Rewrites& rewrites = run->rewrites;
    const Request& request = *run->request;
    const bool parent_runs = rewrites.parent.query != nullptr && rewrites.keys.AreShared() &&
                             (rewrites.parent.parameters == 0 || request.parent_parameters.given);
    if (request.keys.given) {
        run->keys = MakeKeyRows(rewrites.keys, GivenKeys(*run));
        return;
    }
    if (!parent_runs) {
        const bool lacks_values = rewrites.parent.query != nullptr && rewrites.keys.AreShared();
        ereport(
            ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("no keys are given, and the parent does not tell them"),
             lacks_values
                 ? errdetail("The parent has parameters up to $%d, without whose values it cannot "
                             "be run.",
                             rewrites.parent.parameters)
                 : errdetail("Which column of the parent has the child's $%d is not known: %s.",
                             rewrites.keys.of[0].parameter,
                             rewrites.parent_refusal != nullptr
                                 ? rewrites.parent_refusal
                                 : "no foreign key and no name says so"),
             lacks_values ? errhint("Give parent_parameters as an array of texts, the value of $1 "
                                    "first, or keys.")
                          : errhint("Give keys as an array of texts.")));
    }
    run->has_parent_rows = true;
    run->keys = MakeKeyRows(rewrites.keys, RunParent(run));
}

// Digests of the children of each key, and of the parent's rows with their children.
struct OneByOne {
    RowDigest of_keys;
    RowDigest of_parents;
    uint64 elapsed_ns;
};

OneByOne RunOneByOne(Run* run) {
    const Rewrites& rewrites = run->rewrites;
    const Bound child = Bind(rewrites.child);
    SetChildParameters(*run, child, [](int number) { return number; });
    const int columns = ColumnsOf(rewrites.child);
    OneByOne sums = {{}, {}, PG_UINT64_MAX};
    StartTimer(run, "the child, key by key,");
    for (int round = 0; round < kRounds; ++round) {
        sums.of_keys = {};
        sums.of_parents = {};
        sums.of_parents.Add(DigestOfNulls(columns), run->keys.without_key);
        const uint64 began = pg::MonotonicNs();
        for (const KeyRow* key = run->keys.of; key != run->keys.of + run->keys.count; ++key) {
            CHECK_FOR_INTERRUPTS();
            for (int at = 0; at < rewrites.keys.count; ++at) {
                child.SetText(rewrites.keys.of[at].parameter, key->texts[at]);
            }
            RowDigest rows = {};
            Execute(child, MakeDigestReceiver(0, columns, &rows));
            sums.of_keys.Add(rows, 1);
            sums.of_parents.Add(rows.rows > 0 ? rows : DigestOfNulls(columns), key->copies);
        }
        sums.elapsed_ns = std::min(sums.elapsed_ns, pg::MonotonicNs() - began);
    }
    StopTimer();
    return sums;
}

void SetLists(const Run& run, const Bound& at_once) {
    for (int at = 0; at < run.rewrites.keys.count; ++at) {
        const int number = run.rewrites.keys.of[at].parameter;
        const Oid element = get_element_type(at_once.statement.types[number - 1]);
        int16 length = 0;
        bool by_value = false;
        char alignment = 0;
        get_typlenbyvalalign(element, &length, &by_value, &alignment);
        auto* values =
            static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(Max(run.keys.count, 1))));
        for (int row = 0; row < run.keys.count; ++row) {
            values[row] = ValueOf(run.keys.of[row].texts[at], element);
        }
        at_once.Set(number,
                    PointerGetDatum(construct_array(values, run.keys.count, element, length,
                                                    by_value, alignment)),
                    false);
    }
}

void RunForm(Run* run, const char* form, const Bound& bound, int skipped, const RowDigest& expected,
             uint64 one_by_one_ns) {
    const int columns = ColumnsOf(run->rewrites.child);
    RowDigest rows = {};
    uint64 elapsed_ns = PG_UINT64_MAX;
    StartTimer(run, form);
    for (int round = 0; round < kRounds; ++round) {
        rows = {};
        const uint64 began = pg::MonotonicNs();
        Execute(bound, MakeDigestReceiver(skipped, columns, &rows));
        elapsed_ns = std::min(elapsed_ns, pg::MonotonicNs() - began);
    }
    StopTimer();
    run->result.of[run->result.count++] = {form,
                                           bound.statement.text,
                                           static_cast<uint64>(run->keys.count),
                                           expected.rows,
                                           rows.rows,
                                           rows == expected,
                                           static_cast<double>(one_by_one_ns),
                                           static_cast<double>(elapsed_ns)};
}

void RunAll(Run* run) {
    const Rewrites& rewrites = run->rewrites;
    SPI_connect();
    FindKeyValues(run);
    const OneByOne sums = RunOneByOne(run);
    const Bound at_once = Bind(AnalyseAtOnce(rewrites));
    SetLists(*run, at_once);
    SetChildParameters(*run, at_once, [](int number) { return number; });
    RunForm(run, rewrites.obstacle == nullptr ? "list" : "lateral", at_once,
            rewrites.at_once_before, sums.of_keys, sums.elapsed_ns);
    if (rewrites.joined != nullptr && run->has_parent_rows) {
        const Bound joined = Bind(AnalyseJoined(rewrites));
        SetParentParameters(*run, joined);
        int place = rewrites.parent.parameters;
        SetChildParameters(*run, joined, [&place](int) { return ++place; });
        RunForm(run, "joined", joined, ColumnsOf(rewrites.parent), sums.of_parents,
                run->parent_ns + sums.elapsed_ns);
    }
    SPI_finish();
}

[[noreturn]] void RaiseNotRepeatable(const char* why) {
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("the child cannot be run in another form: %s", why),
             errhint("Only a SELECT with parameters that locks nothing and calls no volatile "
                     "function can be verified.")));
}

// With other types, or in another search_path, the text is another statement: other functions and
// operators would run.
void RequireKnown(const Statement& statement, const char* whose) {
    if (!statement.is_known) {
        ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_PARAMETER),
                        errmsg("the text of the %s is not the statement that was executed", whose),
                        errdetail("Its names mean something else here, or the types of its "
                                  "parameters are not to be found out."),
                        errhint("Set the search_path that it was executed with. Cast its "
                                "parameters in the statement, as in $1::numeric.")));
    }
}

}  // namespace

Verification Verify(const Request& request) {
    Run run = {};
    run.request = &request;
    run.parent_ns = PG_UINT64_MAX;
    run.rewrites = Rewrite(request.keys.given ? Known{nullptr, 0, 0} : request.parent,
                           request.child, request.changing);
    if (run.rewrites.refusal != nullptr) {
        RaiseNotRepeatable(run.rewrites.refusal);
    }
    if (run.rewrites.child.query->rowMarks != NIL || run.rewrites.at_once == nullptr) {
        RaiseNotRepeatable(run.rewrites.obstacle);
    }
    RequireKnown(run.rewrites.child, "child");
    if (run.rewrites.parent.query != nullptr) {
        RequireKnown(run.rewrites.parent, "parent");
    }
    timed_out = 0;
    ErrorData* error = nullptr;
    const bool done = pg::InSubtransaction(
        {GetUserId(), false, true}, [&run] { RunAll(&run); }, &error);
    if (timeout_id != MAX_TIMEOUTS) {
        StopTimer();
    }
    // The request must not stay for the caller, even when it came too late to interrupt anything.
    if (timed_out != 0 && (done || error->sqlerrcode == ERRCODE_QUERY_CANCELED)) {
        QueryCancelPending = false;
        ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                        errmsg("%s took longer than %d ms", run.running, request.timeout_ms),
                        errhint("Give fewer keys, or a longer timeout.")));
    }
    if (!done) {
        ReThrowError(error);
    }
    return run.result;
}

}  // namespace elile::n_plus_one
