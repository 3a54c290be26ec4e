// The build finder: the worker that has the journal of each database looked at. After a start, a
// crash or a promotion only the journals say which builds were begun. It connects to no database.
#include "core/indexes/board.hpp"
#include "core/segment.hpp"
#include "pg/postgres.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

// The databases that sessions may connect to, in memory that outlives the transaction.
List* Databases() {
    List* oids = NIL;
    StartTransactionCommand();
    Relation databases = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc scan = table_beginscan_catalog(databases, 0, nullptr);
    HeapTuple tuple = nullptr;
    while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection))) {
        const auto* database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
        if (database->datallowconn) {
            MemoryContext transactions = MemoryContextSwitchTo(TopMemoryContext);
            oids = lappend_oid(oids, database->oid);
            MemoryContextSwitchTo(transactions);
        }
    }
    table_endscan(scan);
    table_close(databases, AccessShareLock);
    CommitTransactionCommand();
    return oids;
}

bool has_found_all = false;

// A finder that was ended early has asked for some of the databases only, so all are asked for
// again.
void OnFinderExit(int, Datum) {
    if (!has_found_all) {
        store::RequireSegment().builds.WantAll();
    }
}

// Marks each database as wanted. While the board is full it waits for the keeper to make room.
void FindBuilds() {
    constexpr long kPauseMs = 100;
    core::BuildBoard& board = store::RequireSegment().builds;
    const List* databases = Databases();
    const ListCell* cell = nullptr;
    foreach (cell, databases) {
        while (!board.Want(lfirst_oid(cell))) {
            WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kPauseMs,
                      PG_WAIT_EXTENSION);
            ResetLatch(MyLatch);
            CHECK_FOR_INTERRUPTS();
        }
    }
}

}  // namespace
}  // namespace elile::keeper

extern "C" PGDLLEXPORT void elile_build_finder_main(Datum) {
    pqsignal(SIGTERM, die);
    before_shmem_exit(elile::keeper::OnFinderExit, 0);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    elile::keeper::FindBuilds();
    elile::keeper::has_found_all = true;
    proc_exit(0);
}
