// Builds the index set on small tables, for the upgrade script and within its transaction.
#include "indexes/rights.hpp"
#include "indexes/set_status.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/settings.hpp"
#include "sql_functions/common.hpp"

namespace elile::sql_functions {
namespace {

// Writers of the table queue behind whoever waits for its lock, so that wait is short.
constexpr const char* kLockTimeout = "500ms";

struct Tally {
    int built;
    int present;
    int waiting;
    int not_applicable;
    StringInfoData reasons;  // one line for each that is neither built nor present
};

void AddReason(Tally* tally, const core::SetIndex& index, const char* reason) {
    appendStringInfo(&tally->reasons, "%s%s: %s", tally->reasons.len > 0 ? "\n" : "", index.name,
                     reason);
}

void Wait(Tally* tally, const core::SetIndex& index, const char* reason) {
    ++tally->waiting;
    AddReason(tally, index, reason);
}

// Returns the size of heap and TOAST. For a partitioned table it is the sum over its partitions.
int64 TableBytes(Oid table) {
    List* parts = find_all_inheritors(table, AccessShareLock, nullptr);
    int64 bytes = 0;
    ListCell* cell = nullptr;
    foreach (cell, parts) {
        const Oid part = lfirst_oid(cell);
        if (RELKIND_HAS_STORAGE(get_rel_relkind(part))) {
            bytes += DatumGetInt64(DirectFunctionCall1(pg_table_size, ObjectIdGetDatum(part)));
        }
    }
    return bytes;
}

// Decides whether a table's indexes can be built. If so it returns null, and the table and its
// partitions are locked as CREATE INDEX needs them until the transaction ends. Else it returns why
// not, palloc'd.
const char* LockSmallTable(Oid table) {
    bool is_small = false;
    ErrorData* error = nullptr;
    const auto lock = [table, &is_small] {
        const int nest_level = NewGUCNestLevel();
        set_config_option("lock_timeout", kLockTimeout, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                          true, 0, false);
        LockRelationOid(table, AccessShareLock);
        is_small = TableBytes(table) < static_cast<int64>(pg::Settings::inline_index_limit) * 1024;
        if (is_small) {
            LockRelationOid(table, ShareLock);
            find_all_inheritors(table, ShareLock, nullptr);
        }
        AtEOXact_GUC(true, nest_level);
    };
    if (pg::InSubtransaction({GetUserId()}, lock, &error)) {
        return is_small ? nullptr : "its table is not below elile_optimize.inline_index_limit";
    }
    return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE
               ? psprintf("its table could not be locked within %s", kLockTimeout)
               : error->message;
}

// Builds the index, as the table's owner where that can be.
void Build(Tally* tally, const core::SetIndex& index, Oid table) {
    const char* sql =
        indexes::CreateIndexSql(index, index.name, pg::Settings::index_schema, index.table, false);
    ErrorData* error = nullptr;
    const auto build = [sql] {
        if (SPI_connect() != SPI_OK_CONNECT || SPI_execute(sql, false, 0) != SPI_OK_UTILITY ||
            SPI_finish() != SPI_OK_FINISH) {
            elog(ERROR, "could not execute %s", sql);
        }
    };
    if (pg::InSubtransaction({indexes::BuilderOf(table, GetUserId()), true}, build, &error)) {
        ++tally->built;
    } else {
        Wait(tally, index, error->message);
    }
}

// The table that was asked about last. The set has the indexes of a table together, so each table
// is asked about once.
struct AskedTable {
    Oid oid;
    const char* obstacle;
};

void BuildMissing(Tally* tally, const indexes::SetIndexStatus& status, AskedTable* asked) {
    if (status.obstacle != nullptr) {
        Wait(tally, *status.index, status.obstacle);
        return;
    }
    if (asked->oid != status.table_oid) {
        *asked = {status.table_oid, LockSmallTable(status.table_oid)};
    }
    if (asked->obstacle != nullptr) {
        Wait(tally, *status.index, asked->obstacle);
    } else {
        Build(tally, *status.index, status.table_oid);
    }
}

void Tend(Tally* tally, const indexes::SetIndexStatus& status, AskedTable* asked) {
    switch (status.state) {
        case indexes::IndexState::kPresent:
            ++tally->present;
            break;
        case indexes::IndexState::kMissing:
        case indexes::IndexState::kCovered:
            BuildMissing(tally, status, asked);
            break;
        case indexes::IndexState::kBuilding:
            Wait(tally, *status.index, "a session is building it");
            break;
        case indexes::IndexState::kInvalid:
            Wait(tally, *status.index, "an invalid index has its place");
            break;
        default:
            ++tally->not_applicable;
            AddReason(tally, *status.index, status.obstacle);
            break;
    }
}

// While a script runs the server keeps notices from the client. This function lets one through,
// since it is what the script is for. Whoever silenced notices does not get it either.
template <typename Raise>
void Notify(Raise raise) {
    const int nest_level = NewGUCNestLevel();
    if (pg::ClientMinMessagesOfSession() <= NOTICE) {
        set_config_option("client_min_messages", "notice", PGC_USERSET, PGC_S_SESSION,
                          GUC_ACTION_SAVE, true, 0, false);
    }
    raise();
    AtEOXact_GUC(true, nest_level);
}

void ReportTally(const Tally& tally) {
    const char* hint =
        "elile_optimize.build_indexes() builds what waits, without stopping writers.";
    ereport(NOTICE, (errmsg("index set in schema \"%s\": %d built, %d present, %d waiting, %d not "
                            "applicable",
                            pg::Settings::index_schema, tally.built, tally.present, tally.waiting,
                            tally.not_applicable),
                     tally.reasons.len > 0 ? errdetail_internal("%s", tally.reasons.data) : 0,
                     tally.waiting > 0 ? errhint("%s", hint) : 0));
}

// Whether somebody has set index_schema: in a file, for a role or a database, or in this session.
bool IsSchemaGiven() {
    return pg::FindSetting("elile_optimize.index_schema")->source > PGC_S_DYNAMIC_DEFAULT;
}

// Whether the schema is meant for the index set. Names like "tenants" are common, so one table is
// no proof. Most of the set's tables must be there, or somebody must have named the schema.
bool IsMeant(const indexes::MissingTables& missing) {
    return missing.count < static_cast<int>(core::kSetTables) / 2 || IsSchemaGiven();
}

void ReportMissingTables(const char* names) {
    ereport(NOTICE, (errmsg("schema \"%s\" does not have all tables of the index set: nothing is "
                            "built",
                            pg::Settings::index_schema),
                     errdetail_internal("It lacks %s.", names),
                     errhint("Once they are there, or with elile_optimize.index_schema set to "
                             "their schema, elile_optimize.build_indexes() builds it.")));
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_build_small_indexes, kStrict, VOIDOID) {
    const char* schema = pg::Settings::index_schema;
    const indexes::MissingTables missing = indexes::MissingTablesIn(schema);
    if (missing.count > 0) {
        if (IsMeant(missing)) {
            Notify([&missing] { ReportMissingTables(missing.names); });
        }
        PG_RETURN_VOID();
    }
    Tally tally = {};
    initStringInfo(&tally.reasons);
    AskedTable asked = {InvalidOid, nullptr};
    for (const core::SetIndex& index : core::kIndexSet) {
        Tend(&tally, indexes::StatusOf(index, schema), &asked);
    }
    Notify([&tally] { ReportTally(tally); });
    PG_RETURN_VOID();
}
