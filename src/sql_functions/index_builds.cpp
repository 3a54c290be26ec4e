// build_indexes(), cancel_index_builds(), and what the view index_builds shows of builds at work.
#include "core/indexes/board.hpp"
#include "core/indexes/progress.hpp"
#include "core/segment.hpp"
#include "indexes/journal.hpp"
#include "indexes/latency.hpp"
#include "indexes/rights.hpp"
#include "indexes/set_status.hpp"
#include "pg/compat.hpp"
#include "pg/row_writer.hpp"
#include "pg/settings.hpp"
#include "sql_functions/common.hpp"

namespace elile::sql_functions {
namespace {

// Whether this transaction has queued builds in the journal.
bool has_queued = false;

// A build that is cancelled when the transaction commits. Until then its row is not locked, since a
// builder would wait for it as long as the transaction is idle.
struct Cancellation {
    int64 build;
    SubTransactionId asked_in;
};
List* cancellations = NIL;  // of Cancellation, in TopTransactionContext

constexpr int kMostSignalled = core::kBuildSlots;
uint64 to_signal[kMostSignalled];  // keys of builds at work
int to_signal_count = 0;

// Tells builders of their cancellation by the signal that pg_cancel_backend() sends. They find in
// the journal that the build itself was cancelled, not just this attempt.
void SignalBuilders() {
    const core::BuildBoard& board = store::SharedSegment()->builds;
    for (int at = 0; at < to_signal_count; ++at) {
        const auto pid = static_cast<pid_t>(board.PidOf(to_signal[at]));
        if (pid != 0) {
            kill(pid, SIGINT);
        }
    }
}

void WantCoordinator() {
    core::BuildBoard& board = store::SharedSegment()->builds;
    if (!board.Want(MyDatabaseId)) {
        board.WantAll();
    }
}

void WriteCancellations() {
    const ListCell* cell = nullptr;
    foreach (cell, cancellations) {
        const auto* one = static_cast<const Cancellation*>(lfirst(cell));
        if (indexes::Cancel(one->build) && to_signal_count < kMostSignalled) {
            to_signal[to_signal_count++] =
                core::BuildKey(MyDatabaseId, static_cast<uint64>(one->build));
        }
    }
}

void OnTransactionEnd(XactEvent event, void*) {
    const bool concerns = has_queued || cancellations != NIL;
    if (event == XACT_EVENT_PRE_PREPARE && concerns) {
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("cannot prepare a transaction that has queued or cancelled index builds")));
    }
    if (event == XACT_EVENT_PRE_COMMIT) {
        WriteCancellations();
    }
    if (event == XACT_EVENT_COMMIT && concerns) {
        SignalBuilders();
        WantCoordinator();
    }
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT) {
        has_queued = false;
        cancellations = NIL;
        to_signal_count = 0;
    }
}

// Cancellations of a subtransaction become its parent's when it commits, and are forgotten when it
// aborts.
void OnSubtransactionEnd(SubXactEvent event, SubTransactionId ended, SubTransactionId parent,
                         void*) {
    if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB) {
        return;
    }
    ListCell* cell = nullptr;
    foreach (cell, cancellations) {
        auto* one = static_cast<Cancellation*>(lfirst(cell));
        if (one->asked_in != ended) {
            continue;
        }
        if (event == SUBXACT_EVENT_COMMIT_SUB) {
            one->asked_in = parent;
        } else {
            cancellations = foreach_delete_current(cancellations, cell);
        }
    }
}

void WatchTransactionEnd() {
    static bool is_watched = false;
    if (!is_watched) {
        RegisterXactCallback(OnTransactionEnd, nullptr);
        RegisterSubXactCallback(OnSubtransactionEnd, nullptr);
        is_watched = true;
    }
}

void RequireWritable(const char* function) {
    store::RequireSegment();
    if (RecoveryInProgress()) {
        ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                        errmsg("cannot execute %s during recovery", function),
                        errhint("Call it on the primary: a standby gets the primary's indexes.")));
    }
    PreventCommandIfReadOnly(function);
    WatchTransactionEnd();
}

// Lists every name of the set, for an error's hint.
const char* KnownNames() {
    StringInfoData names;
    initStringInfo(&names);
    for (const core::SetIndex& index : core::kIndexSet) {
        appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", index.name);
    }
    return names.data;
}

const core::SetIndex* RequireKnown(const char* name) {
    const core::SetIndex* index = indexes::FindInSet(name);
    if (index == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("index \"%s\" is not in the index set", name),
                        errhint("Known are %s.", KnownNames())));
    }
    return index;
}

// Whether the index may be queued. An index that the caller has named but that cannot be built
// raises an error. One that needs no build is told by a notice.
bool MayBeQueued(const indexes::SetIndexStatus& status, const char* schema, bool is_named) {
    const char* name = status.index->name;
    switch (status.state) {
        case indexes::IndexState::kMissing:
        case indexes::IndexState::kCovered:
            return true;
        case indexes::IndexState::kTableMissing:
            if (is_named) {
                ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                                errmsg("table of index \"%s\" does not exist in schema \"%s\"",
                                       name, schema),
                                errhint("elile_optimize.index_schema says where to look.")));
            }
            return false;
        case indexes::IndexState::kColumnMissing:
            if (is_named) {
                ereport(ERROR,
                        (errcode(ERRCODE_UNDEFINED_COLUMN),
                         errmsg("index \"%s\" cannot be built", name),
                         status.obstacle != nullptr ? errdetail("%s.", status.obstacle) : 0));
            }
            return false;
        case indexes::IndexState::kInvalid:
            ereport(NOTICE,
                    (errmsg("index \"%s\" is there and not valid, so it is left alone", name),
                     errhint("Drop it, then build it again.")));
            return false;
        case indexes::IndexState::kPresent:
        case indexes::IndexState::kBuilding:
            if (is_named) {
                ereport(NOTICE,
                        (errmsg("index \"%s\" is %s", name,
                                status.state == indexes::IndexState::kPresent ? "there already"
                                                                              : "being built")));
            }
            return false;
    }
    return false;
}

// Puts a build into the journal. Returns false where it is queued or being built already.
bool Queue(const indexes::SetIndexStatus& status, const char* schema) {
    indexes::RequireRightToIndex(status.table_oid, GetUserId());
    NameData names[3];
    namestrcpy(&names[0], status.index->name);
    namestrcpy(&names[1], schema);
    namestrcpy(&names[2], status.index->table);
    return indexes::RunOnJournal(
               "insert into @journal"
               " (name, schema_name, table_name, table_oid, userid)"
               " values ($1, $2, $3, $4, $5) on conflict do nothing",
               {indexes::NameArgument(names[0]), indexes::NameArgument(names[1]),
                indexes::NameArgument(names[2]), indexes::ObjectId(status.table_oid),
                indexes::ObjectId(GetUserId())}) > 0;
}

int QueueMissing(const char* schema) {
    int queued = 0;
    const indexes::SetIndexStatus* all = indexes::StatusOfSet(schema);
    for (size_t at = 0; at < core::kSetIndexes; ++at) {
        if (MayBeQueued(all[at], schema, false) && Queue(all[at], schema)) {
            ++queued;
        }
    }
    return queued;
}

int QueueNamed(const char* schema, ArrayType* names) {
    Datum* values = nullptr;
    bool* nulls = nullptr;
    int count = 0;
    if (ARR_NDIM(names) > 1) {
        ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                        errmsg("names of indexes must be a one-dimensional array")));
    }
    deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
    auto** wanted =
        static_cast<const core::SetIndex**>(palloc(sizeof(void*) * static_cast<Size>(count + 1)));
    for (int at = 0; at < count; ++at) {
        if (nulls[at]) {
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("name of an index must not be null")));
        }
        wanted[at] = RequireKnown(TextDatumGetCString(values[at]));
    }
    int queued = 0;
    for (const core::SetIndex& index : core::kIndexSet) {
        bool is_named = false;
        for (int at = 0; at < count; ++at) {
            is_named = is_named || wanted[at] == &index;
        }
        if (is_named) {
            const indexes::SetIndexStatus status = indexes::StatusOf(index, schema);
            queued += MayBeQueued(status, schema, true) && Queue(status, schema) ? 1 : 0;
        }
    }
    return queued;
}

bool MayCancel(const indexes::Build& build) {
    return has_privs_of_role(GetUserId(), build.userid) ||
           (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(build.table_oid)) &&
            pg::OwnsTable(build.table_oid, GetUserId()));
}

// Notes that the build is to be cancelled at commit. Returns false when this transaction has asked
// for that before.
bool NoteCancellation(int64 build) {
    const ListCell* cell = nullptr;
    foreach (cell, cancellations) {
        if (static_cast<const Cancellation*>(lfirst(cell))->build == build) {
            return false;
        }
    }
    MemoryContext context = MemoryContextSwitchTo(TopTransactionContext);
    auto* one = static_cast<Cancellation*>(palloc(sizeof(Cancellation)));
    *one = {build, GetCurrentSubTransactionId()};
    cancellations = lappend(cancellations, one);
    MemoryContextSwitchTo(context);
    return true;
}

// Cancels the builds that the caller may cancel: those that it asked for, and those on its tables.
// Returns how many.
int CancelBuilds() {
    struct Counts {
        int open;
        int allowed;
        int cancelled;
    } counts = {0, 0, 0};
    indexes::ForEachRow(psprintf("select %s from @journal"
                                 " where state in ('queued', 'building') order by id",
                                 indexes::kBuildColumns),
                        {}, [&counts](HeapTuple row, TupleDesc columns) {
                            const indexes::Build build = indexes::BuildFrom(row, columns);
                            ++counts.open;
                            if (MayCancel(build)) {
                                ++counts.allowed;
                                counts.cancelled += NoteCancellation(build.id) ? 1 : 0;
                            }
                        });
    if (counts.open > 0 && counts.allowed == 0) {
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("permission denied to cancel index builds of other roles")));
    }
    return counts.cancelled;
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_build_indexes, kTakesNull, INT4OID, TEXTARRAYOID) {
    RequireWritable("build_indexes()");
    const char* schema = pg::Settings::index_schema;
    const int queued =
        PG_ARGISNULL(0) ? QueueMissing(schema) : QueueNamed(schema, PG_GETARG_ARRAYTYPE_P(0));
    has_queued = has_queued || queued > 0;
    PG_RETURN_INT32(queued);
}

ELILE_SQL_FUNCTION(elile_cancel_index_builds, kStrict, INT4OID) {
    RequireWritable("cancel_index_builds()");
    PG_RETURN_INT32(CancelBuilds());
}

ELILE_SQL_FUNCTION(elile_index_build_progress, kStrict, RECORDOID) {
    const core::BuildBoard& board = store::RequireSegment().builds;
    pg::RowWriter row(fcinfo);
    const int sessions = pgstat_fetch_stat_numbackends();
    if (board.IsOutOfWorkers()) {
        row.Bigint(0);
        row.Null();
        row.Text("waiting for a free background worker (max_worker_processes)");
        row.Null();
        row.EndRow();
    }
    for (uint32 slot = 0; slot < core::kBuildSlots; ++slot) {
        const uint64 key = core::Get(board.At(slot).key);
        const auto pid = static_cast<int>(core::Get(board.At(slot).pid));
        if (pid == 0 || static_cast<Oid>(key >> 32) != MyDatabaseId) {
            continue;
        }
        core::BuildProgress progress = {};
        progress.percent = -1;
        for (int place = 1; place <= sessions; ++place) {
            const PgBackendStatus& session = pg::SessionAt(place);
            if (session.st_procpid == pid &&
                session.st_progress_command == PROGRESS_COMMAND_CREATE_INDEX) {
                progress = core::ProgressOf(session.st_progress_param);
            }
        }
        row.Bigint(key & UINT32_MAX);
        row.Integer(pid);
        row.Text(progress.phase);
        row.DoubleOrNull(progress.percent >= 0, progress.percent);
        row.EndRow();
    }
    return Datum{0};
}

ELILE_SQL_FUNCTION(elile_selects_since, kStrict, RECORDOID, OIDOID, INT8ARRAYOID, TIMESTAMPTZOID) {
    const indexes::LatencySince since =
        indexes::SelectsSince(PG_GETARG_OID(0), PG_GETARG_ARRAYTYPE_P(1), PG_GETARG_TIMESTAMPTZ(2));
    pg::SingleRow row(fcinfo);
    row.Bigint(since.calls);
    row.Double(since.p95_ms);
    return row.End();
}
