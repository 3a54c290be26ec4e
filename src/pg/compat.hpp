// Hides where PostgreSQL 15 to 19 differ. Plans are in plan_compat.hpp, the scanner is in
// scanner.hpp. Only files of this folder test the version.
#pragma once

#include "core/statements/statement.hpp"
#include "pg/postgres.hpp"

// pg_get_loaded_modules() shows these from 18 on.
#if PG_VERSION_NUM >= 180000
#define ELILE_MODULE_MAGIC(module, release) PG_MODULE_MAGIC_EXT(.name = module, .version = release)
#else
#define ELILE_MODULE_MAGIC(module, release) PG_MODULE_MAGIC
#endif

namespace elile::pg {

#if PG_VERSION_NUM >= 180000
#define ELILE_EXECUTOR_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count
#define ELILE_EXECUTOR_RUN_ARGUMENTS query, direction, count
#else
#define ELILE_EXECUTOR_RUN_PARAMETERS \
    QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define ELILE_EXECUTOR_RUN_ARGUMENTS query, direction, count, execute_once
#endif

// This process's number, below ProcNumbers().
inline uint32 ProcNumber() {
#if PG_VERSION_NUM >= 170000
    return static_cast<uint32>(MyProcNumber);
#else
    return static_cast<uint32>(MyProc->pgprocno);
#endif
}

// Returns this process's place in the server's table of sessions; at least MaxBackends for one of
// the server's own processes, and below 0 where it has none.
inline int OwnSessionPlace() {
#if PG_VERSION_NUM >= 170000
    return MyProcNumber;
#else
    return MyBackendId != InvalidBackendId ? MyBackendId - 1 : -1;
#endif
}

// Whether the session's database, user and application are not known yet. 18 and later list a
// session before it has authenticated.
inline bool IsStarting(const PgBackendStatus& session) {
#if PG_VERSION_NUM >= 180000
    return session.st_state == STATE_STARTING || session.st_state == STATE_UNDEFINED;
#else
    return session.st_state == STATE_UNDEFINED;
#endif
}

// Returns the local number of the transaction that the process is in; 0 for none. It is one word,
// read from shared memory without a lock.
inline uint32 TransactionOf(const volatile PGPROC& process) {
#if PG_VERSION_NUM >= 170000
    return process.vxid.lxid;
#else
    return process.lxid;
#endif
}

// Returns when the index was last scanned; 0 where the server does not know.
inline TimestampTz LastScan([[maybe_unused]] Oid index) {
#if PG_VERSION_NUM >= 160000
    const PgStat_StatTabEntry* entry = pgstat_fetch_stat_tabentry(index);
    return entry != nullptr ? entry->lastscan : 0;
#else
    return 0;
#endif
}

// Returns the name by which iconv() knows an encoding of the server's; null for none.
inline const char* SystemNameOf(int encoding) {
#if PG_VERSION_NUM >= 170000
    return encoding >= 0 && encoding < _PG_LAST_ENCODING_ ? pg_enc2gettext_tbl[encoding] : nullptr;
#else
    const pg_enc2gettext* of = pg_enc2gettext_tbl;
    while (of->name != nullptr && of->encoding != encoding) {
        ++of;
    }
    return of->name;
#endif
}

// Returns memory for what a check hook hands to its assign hook, which the server frees; null when
// memory is short.
inline void* AllocateExtra(size_t bytes) {
#if PG_VERSION_NUM >= 160000
    return guc_malloc(LOG, bytes);
#else
    return malloc(bytes);
#endif
}

// Returns a setting as this process has it; null when there is none of that name.
inline config_generic* FindSetting(const char* name) {
#if PG_VERSION_NUM >= 160000
    return find_option(name, false, true, DEBUG1);
#else
    config_generic* setting = nullptr;
    for (int at = 0; at < GetNumConfigOptions() && setting == nullptr; ++at) {
        config_generic* one = get_guc_variables()[at];
        setting = strcmp(one->name, name) == 0 ? one : nullptr;
    }
    return setting;
#endif
}

// Lets nothing in this process change the setting from now on.
inline void FreezeSetting(const char* name) {
    config_generic* setting = FindSetting(name);
    if (setting == nullptr) {
        elog(FATAL, "there is no setting \"%s\"", name);
    }
    setting->context = PGC_INTERNAL;
}

// Returns client_min_messages as the session set it. While an extension's script runs, the server
// raises it to warning and keeps the former value on its stack.
inline int ClientMinMessagesOfSession() {
    const config_generic* setting = FindSetting("client_min_messages");
    return creating_extension && setting != nullptr && setting->stack != nullptr &&
                   setting->stack->state == GUC_SAVE
               ? setting->stack->prior.val.enumval
               : client_min_messages;
}

// Returns log_min_messages of this process; 19 has one for each kind of process.
inline int& LogMinMessages() {
#if PG_VERSION_NUM >= 190000
    return log_min_messages[MyBackendType];
#else
    return log_min_messages;
#endif
}

// Returns superuser_reserved_connections. ReservedConnections() returns reserved_connections, which
// 16 brought.
inline int SuperuserReservedConnections() {
#if PG_VERSION_NUM >= 160000
    return ::SuperuserReservedConnections;
#else
    return ReservedBackends;
#endif
}

inline int ReservedConnections() {
#if PG_VERSION_NUM >= 160000
    return ::ReservedConnections;
#else
    return 0;
#endif
}

inline uint32 ProcNumbers() { return static_cast<uint32>(MaxBackends + NUM_AUXILIARY_PROCS); }

inline uint64 Nanoseconds(const instr_time& time) {
#if PG_VERSION_NUM >= 160000
    return static_cast<uint64>(INSTR_TIME_GET_NANOSEC(time));
#else
    return static_cast<uint64>(time.tv_sec) * 1000000000 + static_cast<uint64>(time.tv_nsec);
#endif
}

// Adds the I/O times of the buffer counters. 17 split them by kind; before, the shared ones hold
// the time of all data files.
inline void AddBlockTimes(const BufferUsage& now, const BufferUsage& then, core::ResourceUse& use) {
    const auto add = [&use](core::Resource resource, instr_time time, const instr_time& before) {
        INSTR_TIME_SUBTRACT(time, before);
        use.Add(resource, Nanoseconds(time));
    };
#if PG_VERSION_NUM >= 170000
    add(core::kSharedBlkReadTime, now.shared_blk_read_time, then.shared_blk_read_time);
    add(core::kSharedBlkWriteTime, now.shared_blk_write_time, then.shared_blk_write_time);
    add(core::kLocalBlkReadTime, now.local_blk_read_time, then.local_blk_read_time);
    add(core::kLocalBlkWriteTime, now.local_blk_write_time, then.local_blk_write_time);
#else
    add(core::kSharedBlkReadTime, now.blk_read_time, then.blk_read_time);
    add(core::kSharedBlkWriteTime, now.blk_write_time, then.blk_write_time);
#endif
    add(core::kTempBlkReadTime, now.temp_blk_read_time, then.temp_blk_read_time);
    add(core::kTempBlkWriteTime, now.temp_blk_write_time, then.temp_blk_write_time);
}

// Copies the counts, and the times behind them only where they move.
inline void CopyBufferUsage(const BufferUsage& from, BufferUsage& into) {
    constexpr size_t kCounts = offsetof(BufferUsage, temp_blks_written) + sizeof(int64);
    static_assert(kCounts == 10 * sizeof(int64), "ten counts come first");
    memcpy(&into, &from, kCounts);
    if (track_io_timing) [[unlikely]] {
        into = from;
    }
}

inline uint64 WalBuffersFull([[maybe_unused]] const WalUsage& usage) {
#if PG_VERSION_NUM >= 180000
    return static_cast<uint64>(usage.wal_buffers_full);
#else
    return 0;
#endif
}

// Whether ruleutils.c finds a column's name among others by a hash table.
inline constexpr bool kColumnNamesAreHashed = PG_VERSION_NUM >= 180000;

// Calls expression_tree_walker(), whose callback had no prototype before 16.
inline bool WalkExpression(Node* node, bool (*walker)(Node*, void*), void* context) {
#if PG_VERSION_NUM >= 160000
    return expression_tree_walker(node, walker, context);
#else
    using Unprototyped = bool (*)();
    return expression_tree_walker(
        node, reinterpret_cast<Unprototyped>(reinterpret_cast<void (*)()>(walker)), context);
#endif
}

inline bool WalkQuery(Query* query, bool (*walker)(Node*, void*), void* context) {
#if PG_VERSION_NUM >= 160000
    return query_tree_walker(query, walker, context, 0);
#else
    using Unprototyped = bool (*)();
    return query_tree_walker(
        query, reinterpret_cast<Unprototyped>(reinterpret_cast<void (*)()>(walker)), context, 0);
#endif
}

// Returns the identifier that the server gives an analysed query; 0 where another module gives
// them.
inline uint64 IdentifierOf(Query* query, [[maybe_unused]] const char* text) {
    if (!IsQueryIdEnabled()) {
        return 0;
    }
#if PG_VERSION_NUM >= 160000
    JumbleQuery(query);
#else
    JumbleQuery(query, text);
#endif
    return static_cast<uint64>(query->queryId);
}

// Walks what the parser made, before analysis.
inline bool WalkParsed(Node* node, bool (*walker)(Node*, void*), void* context) {
#if PG_VERSION_NUM >= 160000
    return raw_expression_tree_walker(node, walker, context);
#else
    using Unprototyped = bool (*)();
    return raw_expression_tree_walker(
        node, reinterpret_cast<Unprototyped>(reinterpret_cast<void (*)()>(walker)), context);
#endif
}

// Whether a library has registered this worker at server start; only in the postmaster. The lists'
// own macros don't compile as C++.
inline bool IsWorkerRegistered(const char* name) {
#if PG_VERSION_NUM >= 180000
    const dlist_node* end = &BackgroundWorkerList.head;
    const dlist_node* node = end->next != nullptr ? end->next : end;
#else
    const slist_node* end = nullptr;
    const slist_node* node = BackgroundWorkerList.head.next;
#endif
    for (; node != end; node = node->next) {
        const char* worker =
            reinterpret_cast<const char*>(node) - offsetof(RegisteredBgWorker, rw_lnode);
        if (strcmp(reinterpret_cast<const RegisteredBgWorker*>(worker)->rw_worker.bgw_name, name) ==
            0) {
            return true;
        }
    }
    return false;
}

// Runs the one command of a portal to its end.
inline void RunPortal(Portal portal) {
    QueryCompletion completion;
    InitializeQueryCompletion(&completion);
#if PG_VERSION_NUM >= 180000
    PortalRun(portal, FETCH_ALL, true, None_Receiver, None_Receiver, &completion);
#else
    PortalRun(portal, FETCH_ALL, true, true, None_Receiver, None_Receiver, &completion);
#endif
}

// Runs a plan that was started, for all its rows.
inline void RunToEnd(QueryDesc* query) {
#if PG_VERSION_NUM >= 180000
    ExecutorRun(query, ForwardScanDirection, 0);
#else
    ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
}

// This flag lets a worker start as a role that may not log in. Versions without it need a role that
// may.
#if PG_VERSION_NUM >= 170000
inline constexpr bool kNeedsLogin = false;
inline constexpr uint32 kWorkerFlags = BGWORKER_BYPASS_ROLELOGINCHECK;
#else
inline constexpr bool kNeedsLogin = true;
inline constexpr uint32 kWorkerFlags = 0;
#endif

inline bool OwnsTable(Oid relid, Oid userid) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(RelationRelationId, relid, userid);
#else
    return pg_class_ownercheck(relid, userid);
#endif
}

inline bool MayCreateIn(Oid schema, Oid userid) {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(NamespaceRelationId, schema, userid, ACL_CREATE) == ACLCHECK_OK;
#else
    return pg_namespace_aclcheck(schema, userid, ACL_CREATE) == ACLCHECK_OK;
#endif
}

inline bool MayConnectTo(Oid dbid, Oid userid) {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(DatabaseRelationId, dbid, userid, ACL_CONNECT) == ACLCHECK_OK;
#else
    return pg_database_aclcheck(dbid, userid, ACL_CONNECT) == ACLCHECK_OK;
#endif
}

// Lifts the limit on whole transactions, which a background build must not have.
inline void DropTransactionTimeout() {
#if PG_VERSION_NUM >= 170000
    SetConfigOption("transaction_timeout", "0", PGC_USERSET, PGC_S_SESSION);
#endif
}

// Returns the methods of a memory context that can allocate and nothing else.
template <void* (*kAllocate)(MemoryContext, Size)>
MemoryContextMethods AllocateOnly() {
    MemoryContextMethods methods{};
#if PG_VERSION_NUM >= 170000
    methods.alloc = [](MemoryContext context, Size size, int) { return kAllocate(context, size); };
#else
    methods.alloc = kAllocate;
#endif
    return methods;
}

inline void GetJitUse(const JitInstrumentation& jit, core::ResourceUse& use) {
    use.Add(core::kJitFunctions, jit.created_functions);
    use.Add(core::kJitGenerationTime, Nanoseconds(jit.generation_counter));
    use.Add(core::kJitInliningCount, INSTR_TIME_IS_ZERO(jit.inlining_counter) ? 0 : 1);
    use.Add(core::kJitInliningTime, Nanoseconds(jit.inlining_counter));
    use.Add(core::kJitOptimizationCount, INSTR_TIME_IS_ZERO(jit.optimization_counter) ? 0 : 1);
    use.Add(core::kJitOptimizationTime, Nanoseconds(jit.optimization_counter));
    use.Add(core::kJitEmissionCount, INSTR_TIME_IS_ZERO(jit.emission_counter) ? 0 : 1);
    use.Add(core::kJitEmissionTime, Nanoseconds(jit.emission_counter));
#if PG_VERSION_NUM >= 170000
    use.Add(core::kJitDeformCount, INSTR_TIME_IS_ZERO(jit.deform_counter) ? 0 : 1);
    use.Add(core::kJitDeformTime, Nanoseconds(jit.deform_counter));
#endif
}

inline void GetParallelUse([[maybe_unused]] const EState& state,
                           [[maybe_unused]] core::ResourceUse& use) {
#if PG_VERSION_NUM >= 180000
    use.Add(core::kParallelWorkersToLaunch,
            static_cast<uint64>(state.es_parallel_workers_to_launch));
    use.Add(core::kParallelWorkersLaunched,
            static_cast<uint64>(state.es_parallel_workers_launched));
#endif
}

// Whether this server version has the figure at all. Its column is null where it has none.
inline bool HasResource(int resource) {
    switch (resource) {
        case core::kLocalBlkReadTime:
        case core::kLocalBlkWriteTime:
        case core::kJitDeformCount:
        case core::kJitDeformTime:
            return PG_VERSION_NUM >= 170000;
        case core::kWalBuffersFull:
        case core::kParallelWorkersToLaunch:
        case core::kParallelWorkersLaunched:
            return PG_VERSION_NUM >= 180000;
        default:
            return true;
    }
}

}  // namespace elile::pg
