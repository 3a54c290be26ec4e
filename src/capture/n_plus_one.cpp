#include "capture/n_plus_one.hpp"

#include "capture/hooks.hpp"
#include "capture/n_plus_one_log.hpp"
#include "capture/row_receiver.hpp"
#include "capture/run_values.hpp"
#include "capture/table_index.hpp"
#include "core/n_plus_one/detector.hpp"
#include "core/n_plus_one/table.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/store.hpp"
#include "n_plus_one/suggestion.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"
#include "store/waiting_runs.hpp"

namespace elile::capture {
namespace {

core::NPlusOneDetector detector;

core::Segment& Shared() { return *store::SharedSegment(); }

// Holds what one call needs; it is reset after each.
MemoryContext Scratch() {
    static MemoryContext scratch = nullptr;
    if (scratch == nullptr) {
        scratch =
            AllocSetContextCreate(TopMemoryContext, "elile_optimize loop", ALLOCSET_SMALL_SIZES);
    }
    return scratch;
}

// A statement on no table, such as a health check, is no part of a loop over rows. Nor is one on
// the catalogue, which tools ask for each table.
bool IsOnUsersTable(uint32 table) {
    if (table == core::kOtherTables) {
        return true;
    }
    const core::TableKey key = Shared().tables.KeyOf(table);
    if (OidIsValid(key.relid)) {
        return key.relid >= FirstNormalObjectId;
    }
    static const uint64 no_name = core::TableDirectory::HashNames({});
    return key.name_hash != no_name;
}

uint64 Threshold() { return static_cast<uint64>(pg::Settings::n_plus_one_threshold); }

bool IsSelect(const core::KnownStatement& statement, const QueryDesc& query) {
    return statement.target.operation == core::Operation::kSelect &&
           query.operation == CMD_SELECT && !query.plannedstmt->hasModifyingCTE;
}

void ReadValues(const QueryDesc& query, core::EndedRun* run) {
    const bool asks_for_lists = detector.AsksForLists(run->queryid, Threshold());
    if (!asks_for_lists && !detector.AsksForLiterals(run->queryid, Threshold())) {
        run->each = ReadParameters(query);
        return;
    }
    const core::TextValues text = ReadText(query);
    run->each = text.each;
    run->lists = asks_for_lists ? text.lists : 0;
    run->has_limit = text.has_limit;
}

core::EndedRun DescribeRun(const Execution& execution, const QueryDesc& query) {
    const core::KnownStatement& statement = execution.statement;
    core::EndedRun run;
    run.queryid = statement.key.queryid;
    run.statement = statement.handle;
    run.table = statement.target.table;
    run.is_select = IsSelect(statement, query);
    run.may_belong = run.is_select && IsOnUsersTable(run.table);
    run.rows = execution.rows;
    run.elapsed_ns = execution.elapsed_ns;
    run.began_ns = FirstRunNs(execution);
    run.rows_seen = TakeSeen(query);
    if (run.may_belong && detector.IsFollowing()) {
        run.values = HashValues(query);
        ReadValues(query, &run);
    }
    return run;
}

// Returns the application's place in the directory, and looks it up again when the name changes.
uint32 OwnApplication() {
    static core::TableNames known;
    static uint32 index = core::kOtherTables;
    core::TableNames names = {};
    core::CopyName(names.table, application_name != nullptr ? application_name : "");
    if (index == core::kOtherTables || memcmp(&known, &names, sizeof(names)) != 0) {
        known = names;
        index = Shared().n_plus_one.Applications().Insert(
            {0, 0, core::TableDirectory::HashNames(names)}, names,
            static_cast<uint32>(GetDatabaseEncoding()));
    }
    return index;
}

// Statements that run in planning are marked as nested, for they are not at top level.
n_plus_one::Suggestion SuggestNested(const n_plus_one::Pattern& pattern, double runs) {
    n_plus_one::Suggestion suggestion = {};
    CallNested([&] { suggestion = n_plus_one::Suggest(pattern, runs); });
    return suggestion;
}

// Makes a suggestion, with costs for as many runs as the parent has rows. Returns false when that
// can't be done now.
bool TrySuggestion(core::NPlusOneHandle pattern, uint64 rows) {
    core::Segment& segment = Shared();
    core::NPlusOneCopy copy;
    if (!segment.n_plus_one.Read(pattern.index, &copy)) {
        return false;
    }
    const pg::PooledText parent = pg::CopyText(segment.texts, copy.parent_text);
    const pg::PooledText child = pg::CopyText(segment.texts, copy.child_text);
    if (parent.text == nullptr || child.text == nullptr || !segment.n_plus_one.Holds(copy)) {
        return false;
    }
    const n_plus_one::Suggestion made =
        SuggestNested({parent.text, copy.key.parent, child.text, copy.key.child, copy.changing},
                      static_cast<double>(rows));
    if (made.text == nullptr) {
        return false;
    }
    const uint32 text = segment.n_plus_one.Suggestions().Store(
        {made.text, strlen(made.text)}, static_cast<uint32>(GetDatabaseEncoding()));
    if (text == 0) {
        return false;
    }
    segment.n_plus_one.SetSuggestion(
        pattern, {text, made.evidence, made.cost_before, made.cost_after, copy.changing});
    return true;
}

// The session that found the pattern tries first, and later ones where it failed.
void Suggest(core::NPlusOneHandle pattern, uint64 rows) {
    core::NPlusOneTable& table = Shared().n_plus_one;
    if (table.TakeTry(pattern, static_cast<uint64>(GetCurrentTimestamp())) &&
        !TrySuggestion(pattern, rows)) {
        table.NoteVainTry(pattern);
    }
}

void Record(const core::NPlusOneChange& change, Oid userid) {
    core::StatementStore& store = *store::SharedStore();
    core::NPlusOneTable& table = Shared().n_plus_one;
    const auto now_us = static_cast<uint64>(GetCurrentTimestamp());
    const core::NPlusOneDetector::Statement& parent = detector.ParentOf(change);
    const core::NPlusOneDetector::Statement& child = detector.ChildOf(change);
    bool is_new = false;
    const core::NPlusOneHandle pattern =
        table.FindOrClaim({MyDatabaseId, userid, OwnApplication(), parent.queryid, child.queryid},
                          child.table, now_us, &is_new);
    detector.SetPattern(change, pattern);
    if (is_new) {
        table.SetTexts(pattern, store.TakeText(parent.handle), store.TakeText(child.handle));
    }
    table.Count(pattern, 1, change.runs, change.elapsed_ns, now_us);
    table.NoteFound(pattern, change.by_rows);
    table.NoteChanging(pattern, detector.ChangingOf(change));
    Suggest(pattern, detector.RowsOf(change));
}

// A key's second column may change later than its first one.
void CountRun(const core::NPlusOneChange& change) {
    core::NPlusOneTable& table = Shared().n_plus_one;
    table.Count(change.pattern, 0, change.runs, change.elapsed_ns,
                static_cast<uint64>(GetCurrentTimestamp()));
    if (table.NoteChanging(change.pattern, detector.ChangingOf(change))) {
        Suggest(change.pattern, detector.RowsOf(change));
    }
}

// What was found by order alone is no loop after all.
void Refute(const core::NPlusOneChange& change, Oid userid) {
    if (OidIsValid(userid)) {
        Shared().n_plus_one.Refute({MyDatabaseId, userid, OwnApplication(),
                                    detector.ParentOf(change).queryid,
                                    detector.ChildOf(change).queryid});
    }
}

void Close(const core::NPlusOneChange& change) {
    Shared().n_plus_one.CountLoop(change.table);
    const auto now_us = static_cast<uint64>(GetCurrentTimestamp());
    if (!Shared().n_plus_one.Close(change.pattern, change.runs, now_us)) {
        return;
    }
    if (!proc_exit_inprogress) {
        LogPattern(change.pattern);
    } else if (store::WaitingRun* run = store::WaitingRuns::Take(); run != nullptr) {
        run->loop = change.pattern;
        store::WaitingRuns::HandOver(run);
    }
}

void Apply(core::NPlusOneDetector::Changes changes, Oid userid) {
    core::NPlusOneTable& table = Shared().n_plus_one;
    for (const core::NPlusOneChange& change : changes) {
        switch (change.kind) {
            case core::NPlusOneChange::Kind::kFound:
                Record(change, userid);
                break;
            case core::NPlusOneChange::Kind::kRun:
                CountRun(change);
                break;
            case core::NPlusOneChange::Kind::kTakenBack:
                table.TakeBack(change.pattern, change.runs, change.elapsed_ns);
                break;
            case core::NPlusOneChange::Kind::kEnded:
                Close(change);
                break;
            case core::NPlusOneChange::Kind::kRefuted:
                Refute(change, userid);
                break;
        }
    }
}

// To be called after the detector has seen a statement, or was told of an end.
void DecideRowsFrom() {
    loop_rows_from = Threshold() == 0 ? UINT64_MAX : detector.IsFollowing() ? 0 : Threshold();
}

}  // namespace

uint64 loop_rows_from = UINT64_MAX;
const core::Word* loop_suspects = nullptr;

void WatchLoops() { loop_suspects = Shared().n_plus_one.Suspects(); }

bool SeesRowsOf(const Execution& execution, QueryDesc* query) {
    const core::KnownStatement& statement = execution.statement;
    return statement.key.toplevel && !statement.key.unidentified && loop_rows_from != UINT64_MAX &&
           IsSelect(statement, *query) && IsOnUsersTable(statement.target.table) &&
           BeginSeeing(query, &detector);
}

void OnNPlusOneThreshold(int threshold, void*) { loop_rows_from = threshold == 0 ? UINT64_MAX : 0; }

void FollowLoop(const Execution& execution, const QueryDesc& query) {
    const core::StatementKey& key = execution.statement.key;
    if (!key.toplevel || key.unidentified || !IsTransactionState() ||
        IsAbortedTransactionBlockState() || !store::SharedStore()->IsReady()) {
        return;
    }
    MemoryContext caller = MemoryContextSwitchTo(Scratch());
    Apply(detector.Saw(DescribeRun(execution, query), Threshold()), key.userid);
    for (const uint64 suspect : detector.Suspects()) {
        Shared().n_plus_one.Suspect(suspect);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(Scratch());
    DecideRowsFrom();
    pg::LetConflictsIn();
}

bool EndsLoop(const Node& utility) {
    if (IsA(&utility, DiscardStmt)) {
        return reinterpret_cast<const DiscardStmt&>(utility).target == DISCARD_ALL;
    }
    if (!IsA(&utility, TransactionStmt)) {
        return false;
    }
    switch (reinterpret_cast<const TransactionStmt&>(utility).kind) {
        case TRANS_STMT_BEGIN:
        case TRANS_STMT_START:
        case TRANS_STMT_COMMIT:
        case TRANS_STMT_ROLLBACK:
        case TRANS_STMT_PREPARE:
            return true;
        default:
            return false;
    }
}

void EndLoop(const Node* utility) {
    if (!detector.IsFollowing() || store::SharedStore() == nullptr ||
        !store::SharedStore()->IsReady()) {
        return;
    }
    if (proc_exit_inprogress) {
        Apply(detector.Break(), InvalidOid);
        return;
    }
    const bool goes_on = utility != nullptr && IsA(utility, TransactionStmt);
    MemoryContext caller = MemoryContextSwitchTo(Scratch());
    Apply(goes_on ? detector.EndTransaction() : detector.Break(), InvalidOid);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(Scratch());
    DecideRowsFrom();
}

}  // namespace elile::capture
